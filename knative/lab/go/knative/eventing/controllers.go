package main

import (
	"knative.dev/pkg/injection"

	"knative.dev/eventing/pkg/reconciler/broker"
	mttrigger "knative.dev/eventing/pkg/reconciler/broker/trigger"
	"knative.dev/eventing/pkg/reconciler/channel"
	"knative.dev/eventing/pkg/reconciler/eventpolicy"
	"knative.dev/eventing/pkg/reconciler/eventtype"
	imccontroller "knative.dev/eventing/pkg/reconciler/inmemorychannel/controller"
	imcdispatcher "knative.dev/eventing/pkg/reconciler/inmemorychannel/dispatcher"
	"knative.dev/eventing/pkg/reconciler/sinkbinding"
	"knative.dev/eventing/pkg/reconciler/subscription"
)

// controllers are the reconcilers of every kind that the lab offers. Sources with pods of their own (PingSource,
// ApiServerSource, …) are left out: no pod runs here.
func controllers() []injection.ControllerConstructor {
	return []injection.ControllerConstructor{
		broker.NewController,
		mttrigger.NewController,
		channel.NewController,
		subscription.NewController,
		eventtype.NewController,
		eventpolicy.NewController,
		sinkbinding.NewController,
		imccontroller.NewController,
		imcdispatcher.NewController,
	}
}
