package main

import (
	"context"
	"errors"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"knative.dev/networking/pkg/apis/networking/v1alpha1"
	"knative.dev/pkg/network"
)

// transport opens a connection per request: kube-proxy chooses the pod at the connection, and a kept one would hold on
// to a pod, or to the activator, after the Service has moved on.
var transport = &http.Transport{
	DisableKeepAlives: true,
	DialContext:       (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
}

// proxy serves the Ingresses that ingressesOf returns for a host.
func proxy(ingressesOf func(host string) []*v1alpha1.Ingress) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		path := route(ingressesOf(host), host, r.URL.Path, r.Header)
		if path == nil {
			http.Error(w, "no route for this host and path", http.StatusNotFound)
			return
		}
		backend := split(path.Splits, rand.IntN(100))
		if backend == nil {
			http.Error(w, "the shares of the route do not add up to 100", http.StatusBadGateway)
			return
		}
		forward(path, backend).ServeHTTP(w, r)
	})
}

func forward(path *v1alpha1.HTTPIngressPath, backend *v1alpha1.IngressBackendSplit) http.Handler {
	target := &url.URL{Scheme: "http", Host: addressOf(backend)}
	return &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
			if path.RewriteHost != "" {
				r.Out.Host = path.RewriteHost
			}
			for _, added := range []map[string]string{path.AppendHeaders, backend.AppendHeaders} {
				for name, value := range added {
					r.Out.Header.Set(name, value)
				}
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				log.Printf("%s %s to %s: %v", r.Method, r.Host, target.Host, err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

// addressOf ends the name with a dot, or every look-up would first try it in the pod's search domains.
func addressOf(backend *v1alpha1.IngressBackendSplit) string {
	name := network.GetServiceHostname(backend.ServiceName, backend.ServiceNamespace)
	return net.JoinHostPort(name+".", backend.ServicePort.String())
}

func hostname(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		hostport = host
	}
	return strings.ToLower(hostport)
}

// serve answers until the context ends, and then what it has begun.
func serve(ctx context.Context, address string, handler http.Handler) {
	server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		<-ctx.Done()
		bounded, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		_ = server.Shutdown(bounded)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-idle
}
