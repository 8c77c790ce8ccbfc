// Command eventing runs what a cluster spreads over five Deployments of Knative Eventing (controller, webhook, broker
// controller, in-memory channel controller and dispatcher) in one process, out of Knative's public packages. Only the
// broker's ingress and filter are programs of their own, the stock ones.
//
// The stock mains cannot share a machine: each binds its health probes to :8080.
package main

import (
	"context"

	"k8s.io/client-go/kubernetes/scheme"

	kubefiltered "knative.dev/pkg/client/injection/kube/informers/factory/filtered"
	"knative.dev/pkg/injection/sharedmain"
	"knative.dev/pkg/signals"
	"knative.dev/pkg/webhook"

	"knative.dev/eventing/pkg/apis/sinks"
	"knative.dev/eventing/pkg/auth"
	eventcerts "knative.dev/eventing/pkg/certificates"
	versionedscheme "knative.dev/eventing/pkg/client/clientset/versioned/scheme"
	eventingfiltered "knative.dev/eventing/pkg/client/injection/informers/factory/filtered"
	"knative.dev/eventing/pkg/eventingtls"
	"knative.dev/eventing/pkg/reconciler/eventtransform"
	"knative.dev/eventing/pkg/reconciler/requestreply"
)

func main() {
	if err := versionedscheme.AddToScheme(scheme.Scheme); err != nil {
		panic(err)
	}
	ctx := withInformerSelectors(signals.NewContext())
	ctx = webhook.WithOptions(ctx, webhook.Options{
		ServiceName: webhook.NameFromEnv(),
		Port:        webhook.PortFromEnv(8443),
		SecretName:  "eventing-webhook-certs",
	})
	ctx = sharedmain.WithHealthProbesDisabled(ctx)
	sharedmain.MainWithContext(ctx, "eventing", append(admission(), controllers()...)...)
}

// withInformerSelectors names the filtered informers that the controllers ask for, as the stock mains do.
func withInformerSelectors(ctx context.Context) context.Context {
	ctx = kubefiltered.WithSelectors(ctx,
		auth.OIDCLabelSelector,
		eventingtls.TrustBundleLabelSelector,
		sinks.JobSinkJobsLabelSelector,
		eventtransform.JsonataResourcesSelector,
		eventcerts.SecretLabelSelectorPair,
		requestreply.SecretLabelSelector,
	)
	return eventingfiltered.WithSelectors(ctx, eventtransform.JsonataResourcesSelector)
}
