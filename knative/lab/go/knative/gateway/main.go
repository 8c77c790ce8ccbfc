// Command gateway is the smallest networking layer that lets Knative Serving run in a test: it serves the KIngresses of its
// class from one process, for clients inside the cluster. None of the published layers (Kourier, Contour, Istio, Gateway
// API) is a Go module that can be pinned here. It is never part of an install.
//
// What it does not do:
//   - TLS, on either side, and redirects to it;
//   - HTTP/2: clients and backends are spoken to in HTTP/1.1 (with upgrades), so no gRPC;
//   - any difference between rules for inside and outside of the cluster: it has one address, inside;
//   - retries, limits, access logs, and more than one replica.
package main

import (
	"context"

	"k8s.io/client-go/tools/cache"

	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	ingressinformer "knative.dev/networking/pkg/client/injection/informers/networking/v1alpha1/ingress"
	ingressreconciler "knative.dev/networking/pkg/client/injection/reconciler/networking/v1alpha1/ingress"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/network"
	"knative.dev/pkg/reconciler"
	"knative.dev/pkg/signals"
	"knative.dev/pkg/system"
)

const (
	class   = "test-gateway.ingress.networking.knative.dev"
	service = "test-gateway"
	address = ":8081"
)

func main() {
	drained := make(chan struct{})
	sharedmain.MainWithContext(signals.NewContext(), "test-gateway", func(ctx context.Context, _ configmap.Watcher) *controller.Impl {
		informer := ingressinformer.Get(ctx).Informer()
		if err := informer.AddIndexers(cache.Indexers{byHost: hosts}); err != nil {
			panic(err)
		}
		ofClass := reconciler.AnnotationFilterFunc(ingressreconciler.ClassAnnotationKey, class, false)
		go func() {
			defer close(drained)
			serve(ctx, address, proxy(func(host string) []*v1alpha1.Ingress { return withHost(informer.GetIndexer(), host, ofClass) }))
		}()
		impl := ingressreconciler.NewImpl(ctx, &status{}, class)
		_, err := informer.AddEventHandler(cache.FilteringResourceEventHandler{
			FilterFunc: ofClass,
			Handler:    controller.HandleAll(impl.Enqueue),
		})
		if err != nil {
			panic(err)
		}
		return impl
	})
	<-drained
}

// status says that an Ingress is served. Requests are routed by the cache that the reconciler reads, so it is.
type status struct{}

func (*status) ReconcileKind(_ context.Context, ingress *v1alpha1.Ingress) reconciler.Event {
	here := []v1alpha1.LoadBalancerIngressStatus{{DomainInternal: network.GetServiceHostname(service, system.Namespace())}}
	ingress.Status.MarkNetworkConfigured()
	ingress.Status.MarkLoadBalancerReady(here, here)
	return nil
}
