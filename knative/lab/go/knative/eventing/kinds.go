package main

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"knative.dev/pkg/webhook/resourcesemantics"

	eventingv1 "knative.dev/eventing/pkg/apis/eventing/v1"
	eventingv1alpha1 "knative.dev/eventing/pkg/apis/eventing/v1alpha1"
	eventingv1beta1 "knative.dev/eventing/pkg/apis/eventing/v1beta1"
	eventingv1beta2 "knative.dev/eventing/pkg/apis/eventing/v1beta2"
	messagingv1 "knative.dev/eventing/pkg/apis/messaging/v1"
	sourcesv1 "knative.dev/eventing/pkg/apis/sources/v1"
)

// kinds are what the webhooks default and validate. A cluster gives InMemoryChannel a webhook of its own, with the
// same code behind it.
func kinds() map[schema.GroupVersionKind]resourcesemantics.GenericCRD {
	return map[schema.GroupVersionKind]resourcesemantics.GenericCRD{
		eventingv1alpha1.SchemeGroupVersion.WithKind("EventPolicy"): &eventingv1alpha1.EventPolicy{},
		eventingv1beta1.SchemeGroupVersion.WithKind("EventType"):    &eventingv1beta1.EventType{},
		eventingv1beta2.SchemeGroupVersion.WithKind("EventType"):    &eventingv1beta2.EventType{},
		eventingv1.SchemeGroupVersion.WithKind("Broker"):            &eventingv1.Broker{},
		eventingv1.SchemeGroupVersion.WithKind("Trigger"):           &eventingv1.Trigger{},
		messagingv1.SchemeGroupVersion.WithKind("Channel"):          &messagingv1.Channel{},
		messagingv1.SchemeGroupVersion.WithKind("InMemoryChannel"):  &messagingv1.InMemoryChannel{},
		messagingv1.SchemeGroupVersion.WithKind("Subscription"):     &messagingv1.Subscription{},
		sourcesv1.SchemeGroupVersion.WithKind("SinkBinding"):        &sourcesv1.SinkBinding{},
	}
}
