package main

import (
	"encoding/json"
	"net/http"
	"time"

	"tailscale.com/tailcfg"
)

// adminHandler changes the tailnet. Entries are addressed one by one, so that tests running side by side, each with
// hostnames and grant ids of its own, do not overwrite each other.
//
//	GET    /policy                      all entries
//	PUT    /policy                      replaces all of them
//	PUT    /nodes/{hostname}            owner, groups, tags; the node may join later
//	DELETE /nodes/{hostname}
//	PUT    /grants/{id}
//	DELETE /grants/{id}
//	GET    /nodes                       nodes that have joined
//	POST   /nodes/{hostname}/remove     takes them out of the tailnet
//	POST   /nodes/{hostname}/expire     {"inMs":0}: their key expires
//	POST   /nodes/{hostname}/rename     {"name":"…"}: what MagicDNS calls them
//	POST   /nodes/{hostname}/approve    an administrator lets them in
//	POST   /nodes/{hostname}/online     {"online":false}: what the others are told
//	POST   /login                       {"url":"…"}: a person opens the URL and agrees
//	POST   /certificates/{domain}       a certificate of a test authority: {"cert":"…","key":"…","authority":"…"}
func (t *tailnet) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /policy", func(w http.ResponseWriter, r *http.Request) {
		v, _ := t.view()
		answer(w, v.policy)
	})
	mux.HandleFunc("PUT /policy", changing(t, func(r *http.Request, p policy) {
		if p.Nodes == nil {
			p.Nodes = map[string]nodePolicy{}
		}
		if p.Grants == nil {
			p.Grants = map[string]grant{}
		}
		t.policy = p
	}))
	mux.HandleFunc("PUT /nodes/{hostname}", changing(t, func(r *http.Request, n nodePolicy) {
		t.policy.Nodes[r.PathValue("hostname")] = n
	}))
	mux.HandleFunc("DELETE /nodes/{hostname}", changing(t, func(r *http.Request, _ struct{}) {
		delete(t.policy.Nodes, r.PathValue("hostname"))
	}))
	mux.HandleFunc("PUT /grants/{id}", changing(t, func(r *http.Request, g grant) {
		t.policy.Grants[r.PathValue("id")] = g
	}))
	mux.HandleFunc("DELETE /grants/{id}", changing(t, func(r *http.Request, _ struct{}) {
		delete(t.policy.Grants, r.PathValue("id"))
	}))
	mux.HandleFunc("POST /nodes/{hostname}/online", changing(t, func(r *http.Request, a struct{ Online bool }) {
		t.offline[r.PathValue("hostname")] = !a.Online
	}))
	mux.HandleFunc("GET /nodes", t.listNodes)
	mux.HandleFunc("POST /nodes/{hostname}/remove", t.removeNodes)
	mux.HandleFunc("POST /nodes/{hostname}/expire", t.expireNodes)
	mux.HandleFunc("POST /nodes/{hostname}/rename", t.renameNodes)
	mux.HandleFunc("POST /nodes/{hostname}/approve", t.approveNodes)
	mux.HandleFunc("POST /login", t.completeLogin)
	mux.HandleFunc("POST /certificates/{domain}", issueCertificate)
	return mux
}

// changing decodes a body (an absent one is all zero) and applies it as one change.
func changing[A any](t *tailnet, apply func(*http.Request, A)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		args, ok := decode[A](w, r)
		if !ok {
			return
		}
		t.change(func() { apply(r, args) })
		w.WriteHeader(http.StatusNoContent)
	}
}

func decode[A any](w http.ResponseWriter, r *http.Request) (args A, ok bool) {
	if r.ContentLength == 0 {
		return args, true
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&args); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return args, false
	}
	return args, true
}

func answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(body)
}

type joinedNode struct {
	ID       string   `json:"id"`
	Hostname string   `json:"hostname"`
	IPs      []string `json:"ips"`
	UserID   int64    `json:"userId"`
	Login    string   `json:"login"`
	Tags     []string `json:"tags"`
	Online   bool     `json:"online"`
}

func (t *tailnet) listNodes(w http.ResponseWriter, r *http.Request) {
	v, _ := t.view()
	nodes := []joinedNode{}
	for _, n := range v.present(t.control.AllNodes()) {
		entry := v.policy.of(n)
		user := userOf(entry)
		joined := joinedNode{
			ID:       string(n.StableID),
			Hostname: n.Hostinfo.Hostname(),
			UserID:   int64(user.ID),
			Login:    user.LoginName,
			Tags:     append([]string{}, entry.Tags...),
			Online:   v.online(n),
		}
		for _, address := range n.Addresses {
			joined.IPs = append(joined.IPs, address.Addr().String())
		}
		nodes = append(nodes, joined)
	}
	answer(w, nodes)
}

// eachNamed applies a change to the nodes of the request's hostname, or answers 404.
func (t *tailnet) eachNamed(w http.ResponseWriter, r *http.Request, apply func(*tailcfg.Node)) {
	nodes := t.named(r.PathValue("hostname"))
	if len(nodes) == 0 {
		http.Error(w, "no such node", http.StatusNotFound)
		return
	}
	t.change(func() {
		for _, n := range nodes {
			apply(n)
		}
	})
	w.WriteHeader(http.StatusNoContent)
}

func (t *tailnet) removeNodes(w http.ResponseWriter, r *http.Request) {
	t.eachNamed(w, r, func(n *tailcfg.Node) { t.gone[n.Key] = true })
}

func (t *tailnet) renameNodes(w http.ResponseWriter, r *http.Request) {
	args, ok := decode[struct{ Name string }](w, r)
	if !ok {
		return
	}
	t.eachNamed(w, r, func(n *tailcfg.Node) {
		n.Name = args.Name + "." + t.control.MagicDNSDomain + "."
		t.control.UpdateNode(n)
	})
}

func (t *tailnet) approveNodes(w http.ResponseWriter, r *http.Request) {
	t.eachNamed(w, r, func(n *tailcfg.Node) {
		n.MachineAuthorized = true
		t.control.UpdateNode(n)
	})
}

func (t *tailnet) expireNodes(w http.ResponseWriter, r *http.Request) {
	args, ok := decode[struct{ InMs int64 }](w, r)
	if !ok {
		return
	}
	at := time.Now().Add(time.Duration(args.InMs)*time.Millisecond - time.Millisecond)
	t.eachNamed(w, r, func(n *tailcfg.Node) { t.expire(n, at) })
}

func (t *tailnet) completeLogin(w http.ResponseWriter, r *http.Request) {
	args, ok := decode[struct{ URL string }](w, r)
	if !ok {
		return
	}
	if !t.control.CompleteAuth(args.URL) {
		http.Error(w, "no such login", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
