package effect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

// defaultHTTPTimeout ends a request whose task has no timeout of its own.
const defaultHTTPTimeout = 30 * time.Second

// send sends the request and fails unless the status is below 400.
func send(ctx context.Context, r *Request, secrets secrets) error {
	if _, limited := ctx.Deadline(); !limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultHTTPTimeout)
		defer cancel()
	}
	req, err := r.build(ctx, secrets)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL, withoutURL(err))
	}
	started := time.Now()
	client := http.Client{CheckRedirect: r.checkRedirect}
	resp, err := client.Do(req)
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("%s %s: %w", r.Method, r.URL, stopped(ctx, started))
	case err != nil:
		return fmt.Errorf("%s %s: %w", r.Method, r.URL, withoutURL(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode < 400 {
		return nil
	}
	text := strings.TrimSpace("status " + resp.Status)
	body, err := io.ReadAll(io.LimitReader(resp.Body, tailSize))
	if line := truncate(firstLine(string(body), err != nil || len(body) == tailSize, secrets)); line != "" {
		text += ": " + line
	}
	return errors.New(text)
}

func (r *Request) build(ctx context.Context, secrets secrets) (*http.Request, error) {
	target, err := vars.Expand(r.URL, secrets.lookup)
	if err != nil {
		return nil, err
	}
	body, err := r.body(secrets)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	secrets.user(req.URL.User)
	req.Header.Set("User-Agent", "saferunner")
	if r.JSON != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, headers := range []map[string]string{r.Headers, r.Credentials} {
		for name, text := range headers {
			value, err := vars.Expand(text, secrets.lookup)
			if err != nil {
				return nil, err
			}
			if _, ok := r.Credentials[name]; ok {
				secrets.credential(value)
			}
			secrets.basic(value)
			req.Header.Set(name, value)
			if strings.EqualFold(name, "Host") {
				req.Host = value
			}
		}
	}
	return req, nil
}

func (r *Request) body(secrets secrets) (string, error) {
	if r.JSON == nil {
		return vars.Expand(r.Body, secrets.lookup)
	}
	return vars.Expand(string(r.JSON), func(name string) (string, bool) {
		value, ok := secrets.lookup(name)
		quoted, _ := json.Marshal(value)             // a string always marshals
		return string(quoted[1 : len(quoted)-1]), ok // it stands within a string
	})
}

// maxRedirects is how many redirects are followed, as by [http.Client].
const maxRedirects = 10

// checkRedirect refuses a redirect after which the request would be another
// one, and keeps secrets from a host that they are not meant for.
func (r *Request) checkRedirect(next *http.Request, via []*http.Request) error {
	original, last := via[0], via[len(via)-1]
	switch {
	case len(via) >= maxRedirects:
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	case next.Method != last.Method && next.Response.StatusCode != http.StatusSeeOther:
		return fmt.Errorf("status %s redirects it as a %s without its body; give the URL that it redirects to", next.Response.Status, next.Method)
	}
	if next.URL.Host != original.URL.Host || original.URL.Scheme == "https" && next.URL.Scheme != "https" {
		for name := range r.Credentials {
			next.Header.Del(name)
		}
		for name, text := range r.Headers {
			if names, _ := vars.Names(text); len(names) > 0 {
				next.Header.Del(name)
			}
		}
	}
	return nil
}

// withoutURL takes the URL, which may hold a secret, out of an error.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
