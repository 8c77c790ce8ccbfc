// Command kubeconfig-client does with an answer of GET /kubeconfig (JSON, on its standard input) what TKA's published
// command-line client does: decodes it into client-go's own Config and writes it to a file (its argument). Then it loads the
// file as any program does, lists pods, and prints what it used and found.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

func main() {
	log.SetFlags(0)
	file := os.Args[1]
	var decoded api.Config
	must(json.NewDecoder(os.Stdin).Decode(&decoded))
	must(clientcmd.WriteToFile(decoded, file))

	loading := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		&clientcmd.ClientConfigLoadingRules{ExplicitPath: file}, &clientcmd.ConfigOverrides{})
	loaded := get(loading.RawConfig())
	current := loaded.Contexts[loaded.CurrentContext]
	pods := listPods(get(kubernetes.NewForConfig(get(loading.ClientConfig()))))
	must(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"context": loaded.CurrentContext,
		"cluster": current.Cluster,
		"user":    current.AuthInfo,
		"server":  loaded.Clusters[current.Cluster].Server,
		"pods":    pods,
	}))
}

func listPods(cluster *kubernetes.Clientset) int {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return len(get(cluster.CoreV1().Pods("default").List(ctx, metav1.ListOptions{})).Items)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func get[T any](value T, err error) T {
	must(err)
	return value
}
