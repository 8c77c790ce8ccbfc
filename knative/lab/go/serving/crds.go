// Package serving pins the module whose config/ holds the definitions of Service, Configuration, Revision and Route.
package serving

import _ "knative.dev/serving/config/core/300-resources"
