package effect

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestHTTP(t *testing.T) {
	t.Setenv("EFFECT_TOKEN", "s3\"cret")
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		data, _ := io.ReadAll(r.Body)
		body = string(data)
	}))
	defer server.Close()

	var p Processes
	request := &Request{
		Method:      "PUT",
		URL:         server.URL + "/a?b=$x",
		Headers:     map[string]string{"X-Token": "t ${EFFECT_TOKEN}", "Host": "example.com"},
		Credentials: map[string]string{"Authorization": "Basic $$x"},
		JSON:        json.RawMessage(`{"b":"${EFFECT_TOKEN} $$ $y","a":1.50}`),
	}
	if err := p.Do(t.Context(), Step{HTTP: request}, nil, nil); err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintln(got.Method, got.URL, got.Host, got.Header["X-Token"], got.Header["Authorization"],
		got.Header["Content-Type"], got.Header["User-Agent"], body)
	want := `PUT /a?b=$x example.com [t s3"cret] [Basic $x] [application/json] [saferunner] {"b":"s3\"cret $ $y","a":1.50}` + "\n"
	if said != want {
		t.Errorf("sent %swant %s", said, want)
	}

	plain := &Request{Method: "POST", URL: server.URL, Headers: map[string]string{"User-Agent": "me", "Content-Type": "text/csv"}, Body: "a,${EFFECT_TOKEN}"}
	if err := p.Do(t.Context(), Step{HTTP: plain}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if said := fmt.Sprintln(got.Header["Content-Type"], got.Header["User-Agent"], body); said != "[text/csv] [me] a,s3\"cret\n" {
		t.Errorf("sent %s", said)
	}
}

func TestHTTPErrors(t *testing.T) {
	t.Setenv("EFFECT_TOKEN", "s3cret")
	t.Setenv("EFFECT_BAD", "a\nb c")
	t.Setenv("EFFECT_KEY", "AAAABBBB\nCCCCDDDD")
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/399":
			w.WriteHeader(399)
		case "/400":
			w.WriteHeader(400)
		case "/503":
			w.WriteHeader(503)
			fmt.Fprintf(w, "\r\n \nbusy with %s\r\nmore\n%s", r.Header.Get("X-Token"), strings.Repeat("x", 1<<20))
		case "/key":
			w.WriteHeader(500)
			_, _ = io.Copy(w, r.Body)
		case "/json":
			w.WriteHeader(500)
			fmt.Fprintf(w, "{\n  \"error\": \"no  %s\",\r\n  \"at\": [\n    1\n  ]\n}\n", r.Header.Get("X-Token"))
		case "/list":
			w.WriteHeader(500)
			fmt.Fprintf(w, "[\n  1,\n%s]", strings.Repeat("  2,\n", 1<<16))
		case "/half":
			w.WriteHeader(500)
			fmt.Fprint(w, "{", strings.Repeat(" ", tailSize-4), r.Header.Get("X-Token"))
		case "/long":
			w.WriteHeader(500)
			fmt.Fprint(w, strings.Repeat("x", tailSize))
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-block:
			}
		}
	}))
	defer server.Close()
	defer close(block)
	gone := httptest.NewServer(nil)
	gone.Close()

	for name, test := range map[string]struct {
		url, want string
	}{
		"below 400":     {server.URL + "/399", ""},
		"400":           {server.URL + "/400", "status 400 Bad Request"},
		"body":          {server.URL + "/503", "status 503 Service Unavailable: busy with ${EFFECT_TOKEN}"},
		"key":           {server.URL + "/key", "status 500 Internal Server Error: ${EFFECT_KEY}"},
		"cut line":      {server.URL + "/long", "status 500 Internal Server Error: " + strings.Repeat("x", 200) + "…"},
		"half a secret": {server.URL + "/half", "status 500 Internal Server Error: {"},
		"JSON":          {server.URL + "/json", `status 500 Internal Server Error: {"error":"no  ${EFFECT_TOKEN}","at":[1]}`},
		"long JSON":     {server.URL + "/list", "status 500 Internal Server Error: [ 1, " + strings.Repeat("2, ", 65) + "…"},
		"refused":       {gone.URL + "/${EFFECT_TOKEN}", "POST " + gone.URL + "/${EFFECT_TOKEN}: dial tcp " + strings.TrimPrefix(gone.URL, "http://") + ": connect: connection refused"},
		"bad expansion": {server.URL + "/${EFFECT_BAD}", "POST " + server.URL + "/${EFFECT_BAD}: net/url: invalid control character in URL"},
		"slow":          {server.URL + "/slow", "POST " + server.URL + "/slow: timed out after "},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if name == "slow" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			request := &Request{Method: "POST", URL: test.url, Headers: map[string]string{"X-Token": "${EFFECT_TOKEN}"}, Body: "${EFFECT_KEY}\n"}
			var p Processes
			err := p.Do(ctx, Step{HTTP: request}, nil, nil)
			switch {
			case test.want == "" && err != nil, test.want != "" && err == nil:
				t.Fatalf("error %v, want %s", err, test.want)
			case err != nil && err.Error() != test.want && !(name == "slow" && strings.HasPrefix(err.Error(), test.want)):
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

// A server may echo a secret whole, in part or encoded: no error holds it.
func TestHTTPMasks(t *testing.T) {
	t.Setenv("EFFECT_TOKEN", `s3 "cret"&/`)
	t.Setenv("EFFECT_LOGIN", "dTpodW50ZXIy") // u:hunter2
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(401)
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/url" {
			body = []byte(r.URL.RawQuery + " " + r.Header.Get("Authorization"))
		}
		_, _ = w.Write(body)
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		path, header, value string
		said, want          string
	}{
		"whole":       {"", "X-Api-Key", "k3y-one", "no k3y-one", "no [redacted]"},
		"dollar":      {"", "X-Api-Key", "k3y$$one", "no k3y$one", "no [redacted]"},
		"bearer":      {"", "Authorization", "Bearer k3y-one", "Bearer token k3y-one is bad", "Bearer token [redacted] is bad"},
		"header":      {"", "Authorization", "Bearer k3y-one", "no Bearer k3y-one", "no [redacted]"},
		"basic":       {"", "Authorization", "Basic dTpodW50ZXIy", "u has no password hunter2", "u has no password [redacted]"},
		"cookie":      {"", "Cookie", "id=c00kie; lang=en", "no session c00kie", "no session [redacted]"},
		"JSON":        {"", "X-Api-Key", "${EFFECT_TOKEN}", `{"token":"s3 \"cret\"&/"}`, `{"token":"${EFFECT_TOKEN}"}`},
		"JSON of Go":  {"", "X-Api-Key", "${EFFECT_TOKEN}", `{"token":"s3 \"cret\"\u0026/"}`, `{"token":"${EFFECT_TOKEN}"}`},
		"query":       {"", "X-Api-Key", "${EFFECT_TOKEN}", "s3+%22cret%22%26%2F", "${EFFECT_TOKEN}"},
		"environment": {"", "X-Api-Key", "Basic ${EFFECT_LOGIN}", "u has no password hunter2, dTpodW50ZXIy", "u has no password [redacted], ${EFFECT_LOGIN}"},
		"URL":         {"/url?x", "X-Api-Key", "k", "", "x Basic [redacted]"},
	} {
		t.Run(name, func(t *testing.T) {
			request := &Request{Method: "POST", URL: server.URL + test.path, Body: strings.ReplaceAll(test.said, "$", "$$")}
			headers := map[string]string{test.header: test.value}
			if strings.Contains(test.value, "${") {
				request.Headers = headers
			} else {
				request.Credentials = headers
			}
			if name == "URL" {
				request.URL = strings.Replace(request.URL, "http://", "http://u:hunter2@", 1)
			}
			var p Processes
			err := p.Do(t.Context(), Step{HTTP: request}, nil, nil)
			if want := "status 401 Unauthorized: " + test.want; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func TestHTTPRedirects(t *testing.T) {
	t.Setenv("EFFECT_TOKEN", "s3cret")
	var got []string
	note := func(r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, fmt.Sprint(r.Method, " ", r.URL.Path, r.Header["X-Api-Key"], r.Header["X-Token"], r.Header["X-Plain"], " ", string(body)))
	}
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { note(r) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(r)
		switch r.URL.Path {
		case "/302":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/303":
			http.Redirect(w, r, "/end", http.StatusSeeOther)
		case "/307":
			http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
		case "/away":
			http.Redirect(w, r, other.URL+"/end", http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()

	for path, test := range map[string]struct{ last, err string }{
		"/302":  {"POST /302[k3y] [s3cret] [plain] body", ": status 302 Found redirects it as a GET without its body; give the URL that it redirects to"},
		"/303":  {"GET /end[k3y] [s3cret] [plain] ", ""},
		"/307":  {"POST /end[k3y] [s3cret] [plain] body", ""},
		"/away": {"POST /end[] [] [plain] body", ""},
		"/loop": {"POST /loop[k3y] [s3cret] [plain] body", ": stopped after 10 redirects"},
	} {
		t.Run(path, func(t *testing.T) {
			got = nil
			request := &Request{
				Method: "POST", URL: server.URL + path, Body: "body",
				Headers:     map[string]string{"X-Token": "${EFFECT_TOKEN}", "X-Plain": "plain"},
				Credentials: map[string]string{"X-Api-Key": "k3y"},
			}
			var p Processes
			err := p.Do(t.Context(), Step{HTTP: request}, nil, nil)
			if (err == nil) != (test.err == "") || err != nil && err.Error() != "POST "+server.URL+path+test.err {
				t.Errorf("error %v, want %s", err, test.err)
			}
			if last := got[len(got)-1]; last != test.last {
				t.Errorf("last request %q, want %q", last, test.last)
			}
		})
	}
}
