package effect

import (
	"bufio"
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
	resp, err := http.DefaultClient.Do(req)
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
	if line := truncate(secrets.mask(firstLine(resp.Body))); line != "" {
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

// withoutURL takes the URL, which may hold a secret, out of an error.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// firstLine returns the first line of a body that is not blank.
func firstLine(body io.Reader) string {
	lines := bufio.NewScanner(io.LimitReader(body, tailSize))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			return line
		}
	}
	return ""
}
