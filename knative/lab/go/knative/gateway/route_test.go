package main

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"knative.dev/networking/pkg/apis/networking/v1alpha1"
)

func TestRouteTakesTheFirstPathThatFits(t *testing.T) {
	ingresses := []*v1alpha1.Ingress{
		ingress("old", 1, rule("a.test",
			v1alpha1.HTTPIngressPath{Path: "/api", Headers: map[string]v1alpha1.HeaderMatch{"Tag": {Exact: "next"}}, RewriteHost: "tagged"},
			v1alpha1.HTTPIngressPath{Path: "/api", RewriteHost: "api"},
		)),
		ingress("new", 2, rule("a.test", v1alpha1.HTTPIngressPath{RewriteHost: "rest"})),
	}
	for _, c := range []struct{ host, path, tag, want string }{
		{"a.test", "/api/x", "next", "tagged"},
		{"a.test", "/api/x", "other", "api"},
		{"a.test", "/api", "", "api"},
		{"a.test", "/", "next", "rest"},
		{"b.test", "/api", "", ""},
	} {
		header := http.Header{}
		header.Set("Tag", c.tag)
		got := ""
		if path := route(ingresses, c.host, c.path, header); path != nil {
			got = path.RewriteHost
		}
		if got != c.want {
			t.Errorf("%s%s with tag %q goes to %q, not %q", c.host, c.path, c.tag, got, c.want)
		}
	}
}

func TestRouteTakesOnlyPathsOfItsHost(t *testing.T) {
	two := ingress("two", 1, rule("a.test", v1alpha1.HTTPIngressPath{RewriteHost: "a"}), rule("b.test", v1alpha1.HTTPIngressPath{RewriteHost: "b"}))
	if path := route([]*v1alpha1.Ingress{two}, "b.test", "/", nil); path == nil || path.RewriteHost != "b" {
		t.Errorf("b.test goes to %v", path)
	}
}

func TestWithHostFindsTheOldestFirstAndOnlyTheKept(t *testing.T) {
	index := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{byHost: hosts})
	for _, i := range []*v1alpha1.Ingress{
		ingress("newer", 3, rule("a.test")), ingress("older", 1, rule("x.test"), rule("a.test")),
		ingress("foreign", 0, rule("a.test")), ingress("elsewhere", 2, rule("b.test")),
	} {
		if err := index.Add(i); err != nil {
			t.Fatal(err)
		}
	}
	found := withHost(index, "a.test", func(object any) bool { return object.(*v1alpha1.Ingress).Name != "foreign" })
	if len(found) != 2 || found[0].Name != "older" || found[1].Name != "newer" {
		t.Errorf("found %v", found)
	}
}

func TestSplitDrawsByShare(t *testing.T) {
	name := func(of []v1alpha1.IngressBackendSplit, draw int) string {
		if found := split(of, draw); found != nil {
			return found.ServiceName
		}
		return ""
	}
	blueGreen := []v1alpha1.IngressBackendSplit{share("blue", 30), share("none", 0), share("green", 70)}
	for draw, want := range map[int]string{0: "blue", 29: "blue", 30: "green", 99: "green"} {
		if got := name(blueGreen, draw); got != want {
			t.Errorf("draw %d goes to %q, not %q", draw, got, want)
		}
	}
	if got := name([]v1alpha1.IngressBackendSplit{share("only", 0)}, 99); got != "only" {
		t.Errorf("an only backend without a share gets %q", got)
	}
	if got := name([]v1alpha1.IngressBackendSplit{share("blue", 30), share("green", 30)}, 60); got != "" {
		t.Errorf("a draw beyond all shares goes to %q", got)
	}
}

func ingress(name string, second int64, rules ...v1alpha1.IngressRule) *v1alpha1.Ingress {
	return &v1alpha1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "test", CreationTimestamp: metav1.NewTime(time.Unix(second, 0))},
		Spec:       v1alpha1.IngressSpec{Rules: rules},
	}
}

func rule(host string, paths ...v1alpha1.HTTPIngressPath) v1alpha1.IngressRule {
	return v1alpha1.IngressRule{Hosts: []string{host}, HTTP: &v1alpha1.HTTPIngressRuleValue{Paths: paths}}
}

func share(service string, percent int) v1alpha1.IngressBackendSplit {
	return v1alpha1.IngressBackendSplit{IngressBackend: v1alpha1.IngressBackend{ServiceName: service}, Percent: percent}
}
