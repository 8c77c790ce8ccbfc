// The custom resource definitions of the Prometheus operator, and nothing else of it: a small program beside them pins the module.
module tka.dev/lab/monitoring

go 1.26.6

tool github.com/prometheus-operator/prometheus-operator/example/alertmanager-webhook

require github.com/prometheus-operator/prometheus-operator v0.85.0 // indirect
