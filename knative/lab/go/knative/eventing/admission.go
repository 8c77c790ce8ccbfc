package main

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	configmapinformer "knative.dev/pkg/client/injection/kube/informers/core/v1/configmap/filtered"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/webhook/certificates"
	"knative.dev/pkg/webhook/psbinding"
	"knative.dev/pkg/webhook/resourcesemantics/conversion"
	"knative.dev/pkg/webhook/resourcesemantics/defaulting"
	"knative.dev/pkg/webhook/resourcesemantics/validation"

	defaultconfig "knative.dev/eventing/pkg/apis/config"
	"knative.dev/eventing/pkg/apis/eventing"
	eventingv1beta1 "knative.dev/eventing/pkg/apis/eventing/v1beta1"
	eventingv1beta2 "knative.dev/eventing/pkg/apis/eventing/v1beta2"
	eventingv1beta3 "knative.dev/eventing/pkg/apis/eventing/v1beta3"
	"knative.dev/eventing/pkg/apis/feature"
	channelconfig "knative.dev/eventing/pkg/apis/messaging/config"
	"knative.dev/eventing/pkg/eventingtls"
	"knative.dev/eventing/pkg/reconciler/sinkbinding"
)

// admission is the stock eventing-webhook: its serving certificate, defaulting, validation, conversion, and the
// injection of K_SINK into what a SinkBinding names.
func admission() []injection.ControllerConstructor {
	return []injection.ControllerConstructor{
		certificates.NewController,
		newDefaulting,
		newValidation,
		newConversion,
		newSinkBinding,
	}
}

func newDefaulting(ctx context.Context, cmw configmap.Watcher) *controller.Impl {
	return defaulting.NewAdmissionController(ctx, "webhook.eventing.knative.dev", "/defaulting", kinds(), withConfig(ctx, cmw), true)
}

func newValidation(ctx context.Context, cmw configmap.Watcher) *controller.Impl {
	return validation.NewAdmissionController(ctx, "validation.webhook.eventing.knative.dev", "/resource-validation", kinds(), withConfig(ctx, cmw), true)
}

func newConversion(ctx context.Context, cmw configmap.Watcher) *controller.Impl {
	eventTypes := conversion.GroupKindConversion{
		DefinitionName: eventing.EventTypesResource.String(),
		HubVersion:     eventingv1beta1.SchemeGroupVersion.Version,
		Zygotes: map[string]conversion.ConvertibleObject{
			eventingv1beta1.SchemeGroupVersion.Version: &eventingv1beta1.EventType{},
			eventingv1beta2.SchemeGroupVersion.Version: &eventingv1beta2.EventType{},
			eventingv1beta3.SchemeGroupVersion.Version: &eventingv1beta3.EventType{},
		},
	}
	kinds := map[schema.GroupKind]conversion.GroupKindConversion{eventingv1beta2.Kind("EventType"): eventTypes}
	return conversion.NewConversionController(ctx, "/resource-conversion", kinds, withConfig(ctx, cmw))
}

func newSinkBinding(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	trustBundles := configmapinformer.Get(ctx, eventingtls.TrustBundleLabelSelector).Lister()
	withContext := sinkbinding.WithContextFactory(ctx, trustBundles, func(types.NamespacedName) {})
	return psbinding.NewAdmissionController(ctx, "sinkbindings.webhook.sources.knative.dev", "/sinkbindings",
		sinkbinding.ListAll, withContext, psbinding.WithSelector(psbinding.ExclusionSelector))
}

// withConfig puts the current defaults and feature flags into the context of each admission review.
func withConfig(ctx context.Context, cmw configmap.Watcher) func(context.Context) context.Context {
	logger := logging.FromContext(ctx)
	defaults := defaultconfig.NewStore(logger)
	defaults.WatchConfigs(cmw)
	channels := channelconfig.NewStore(logger)
	channels.WatchConfigs(cmw)
	features := feature.NewStore(logger)
	features.WatchConfigs(cmw)
	return func(ctx context.Context) context.Context {
		return features.ToContext(channels.ToContext(defaults.ToContext(ctx)))
	}
}
