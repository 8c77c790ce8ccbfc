package main

import (
	"net/http"
	"slices"
	"strings"

	"k8s.io/client-go/tools/cache"

	"knative.dev/networking/pkg/apis/networking/v1alpha1"
)

// byHost names the index of Ingresses by the hosts of their rules.
const byHost = "host"

// hosts is the function of that index.
func hosts(object any) ([]string, error) {
	var all []string
	for _, rule := range object.(*v1alpha1.Ingress).Spec.Rules {
		all = append(all, rule.Hosts...)
	}
	return all, nil
}

// withHost returns the Ingresses that name a host, the oldest first, so that nobody takes a host from another.
func withHost(index cache.Indexer, host string, keep func(any) bool) []*v1alpha1.Ingress {
	found, err := index.ByIndex(byHost, host)
	if err != nil {
		panic(err) // there is no such index
	}
	var kept []*v1alpha1.Ingress
	for _, object := range found {
		if keep(object) {
			kept = append(kept, object.(*v1alpha1.Ingress))
		}
	}
	slices.SortFunc(kept, func(a, b *v1alpha1.Ingress) int {
		if byAge := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); byAge != 0 {
			return byAge
		}
		return strings.Compare(string(a.UID), string(b.UID))
	})
	return kept
}

// route returns the first path that takes a request, as KIngress has it; nil when there is none.
func route(ingresses []*v1alpha1.Ingress, host, path string, header http.Header) *v1alpha1.HTTPIngressPath {
	for _, ingress := range ingresses {
		for _, rule := range ingress.Spec.Rules {
			if rule.HTTP == nil || !slices.Contains(rule.Hosts, host) {
				continue
			}
			for i := range rule.HTTP.Paths {
				if takes(&rule.HTTP.Paths[i], path, header) {
					return &rule.HTTP.Paths[i]
				}
			}
		}
	}
	return nil
}

func takes(candidate *v1alpha1.HTTPIngressPath, path string, header http.Header) bool {
	for name, match := range candidate.Headers {
		if header.Get(name) != match.Exact {
			return false
		}
	}
	return strings.HasPrefix(path, candidate.Path)
}

// split returns the backend for a draw from 0 to 99; nil when the shares do not reach that far.
func split(splits []v1alpha1.IngressBackendSplit, draw int) *v1alpha1.IngressBackendSplit {
	if len(splits) == 1 {
		return &splits[0]
	}
	for i := range splits {
		if draw -= splits[i].Percent; draw < 0 {
			return &splits[i]
		}
	}
	return nil
}
