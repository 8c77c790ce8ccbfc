// The custom resource definitions of Knative Serving, and nothing else of it.
module tka.dev/lab/serving

go 1.26.6

require knative.dev/serving v0.49.0
