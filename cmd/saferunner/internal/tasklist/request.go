package tasklist

import (
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"github.com/saferunner/saferunner/cmd/saferunner/internal/effect"
	"github.com/saferunner/saferunner/cmd/saferunner/internal/vars"
)

const (
	httpExample    = "{method: POST, url: \"https://example.com/hook\"}"
	headersExample = `{Authorization: "Bearer ${TOKEN}"}`
)

func (f *file) request(node ast.Node) (*effect.Request, error) {
	fields, err := f.mapping(node, "http", httpExample)
	if err != nil {
		return nil, err
	}
	r := &effect.Request{}
	keys := map[string]*token.Token{}
	for _, field := range fields {
		keys[field.name] = field.key
		switch field.name {
		case "method":
			r.Method, err = f.method(field.value)
		case "url":
			r.URL, err = f.url(field.value)
		case "headers":
			err = f.headers(field.value, r)
		case "json":
			r.JSON, err = f.json(field.value)
		case "body":
			r.Body, err = f.text(field.value, "body")
		default:
			err = f.errorAt(field.key, "unknown key %q; http has method, url, headers, json and body", field.name)
		}
		if err != nil {
			return nil, err
		}
	}
	json, body := keys["json"], keys["body"]
	switch {
	case keys["url"] == nil:
		return nil, f.errorAt(first(node), "url is missing; say where the request goes, such as %s", httpExample)
	case json != nil && body != nil:
		return nil, f.errorAt(later(json, body), "http has both json and body; keep one")
	case keys["method"] == nil && (json != nil || body != nil):
		r.Method = http.MethodPost
	case keys["method"] == nil:
		r.Method = http.MethodGet
	}
	return r, nil
}

var methodPattern = regexp.MustCompile(`^[A-Za-z]{1,20}$`)

func (f *file) method(node ast.Node) (string, error) {
	text, err := f.raw(node, "method")
	if err != nil {
		return "", err
	}
	if !methodPattern.MatchString(text) {
		return "", f.errorAt(first(node), "bad method %s; write one such as GET, POST, PUT, PATCH or DELETE", value(node))
	}
	return strings.ToUpper(text), nil
}

// url checks the URL as it will be, which the error does not show: it may
// hold a secret.
func (f *file) url(node ast.Node) (string, error) {
	text, err := f.text(node, "url")
	if err != nil {
		return "", err
	}
	expanded, err := vars.Expand(text, f.environment)
	if _, unset := errors.AsType[*vars.UnsetError](err); unset && f.elsewhere {
		return text, nil
	}
	if err != nil {
		return "", f.variableError(node, err)
	}
	u, err := url.Parse(expanded)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", f.errorAt(first(node), "bad url %s; write one such as https://example.com/hook", value(node))
	}
	if names, _ := vars.Names(userinfo.FindString(text)); u.User != nil && len(names) == 0 {
		if password, _ := u.User.Password(); password != "" {
			return "", f.errorAt(first(node), "the url holds a password that the journal would hold in clear; set it in the environment, and write ${NAME}")
		}
	}
	return text, nil
}

// userinfo is the part of a URL before the @.
var userinfo = regexp.MustCompile(`//[^/?#]*@`)

var headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (f *file) headers(node ast.Node, r *effect.Request) error {
	fields, err := f.mapping(node, "headers", headersExample)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, field := range fields {
		name := http.CanonicalHeaderKey(field.name)
		switch {
		case !headerPattern.MatchString(field.name):
			return f.errorAt(field.key, "bad header name %q; use letters, digits and -", field.name)
		case seen[name]:
			return f.errorAt(field.key, "duplicate key %q in headers: case does not tell headers apart; remove one", field.name)
		}
		seen[name] = true
		text, err := f.text(field.value, "a header")
		if err != nil {
			return err
		}
		if strings.ContainsAny(text, "\r\n") {
			return f.errorAt(first(field.value), "header %q has more than one line; write it on one", field.name)
		}
		if f.purpose == Queue && f.elsewhere && isSecret(name, text) {
			return f.errorAt(first(field.value), "header %q is a secret that the database would hold in clear; set it in the worker's environment, and write ${NAME}", field.name)
		}
		place(r, name, text)
	}
	return nil
}

// place keeps a header where the journal shows it, unless it is a credential
// that is written out instead of referring to the environment.
func place(r *effect.Request, name, text string) {
	headers := &r.Headers
	if isSecret(name, text) {
		headers = &r.Credentials
	}
	if *headers == nil {
		*headers = map[string]string{}
	}
	(*headers)[name] = text
}

func isSecret(name, text string) bool {
	names, _ := vars.Names(text)
	return credentials[name] && len(names) == 0
}

// credentials are the headers that are known to hold secrets.
var credentials = map[string]bool{
	"Authorization":       true,
	"Proxy-Authorization": true,
	"Cookie":              true,
	"Api-Key":             true,
	"X-Api-Key":           true,
	"X-Auth-Token":        true,
	"X-Access-Token":      true,
}
