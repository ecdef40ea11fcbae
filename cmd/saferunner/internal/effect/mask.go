package effect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"slices"
	"strings"
)

// secrets are texts that a step uses and no error may hold, with what stands
// for each: ${NAME} for the value of a variable, [redacted] for a credential
// that is written out.
type secrets map[string]string

func (s secrets) lookup(name string) (string, bool) {
	value, ok := os.LookupEnv(name)
	if ok {
		s[value] = "${" + name + "}"
	}
	return value, ok
}

const redacted = "[redacted]"

// credential adds the value of a header that holds a secret, and the secrets
// within it: a server may name only these.
func (s secrets) credential(value string) {
	s.add(value)
	_, token, _ := strings.Cut(value, " ") // after Bearer
	s.add(strings.TrimSpace(token))
	for pair := range strings.SplitSeq(value, ";") { // of a cookie
		_, text, _ := strings.Cut(pair, "=")
		s.add(strings.Trim(text, `" `))
	}
}

// basic adds the password within a header, if that is a Basic authorization.
func (s secrets) basic(value string) {
	scheme, encoded, _ := strings.Cut(value, " ")
	login, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err == nil && strings.EqualFold(scheme, "Basic") {
		_, password, _ := strings.Cut(string(login), ":")
		s.add(string(login))
		s.add(password)
	}
}

// user adds the password of a URL, and the header that it becomes.
func (s secrets) user(u *url.Userinfo) {
	if password, ok := u.Password(); ok {
		s.add(password)
		s.add(base64.StdEncoding.EncodeToString([]byte(u.Username() + ":" + password)))
	}
}

// add adds a text that no variable stands for.
func (s secrets) add(text string) {
	if _, ok := s[text]; !ok {
		s[text] = redacted
	}
}

// maskFrom is the length from which a value is masked: shorter ones are no
// secrets, and replacing them would make the text unreadable.
const maskFrom = 4

// secret is one form of a secret, with what stands for it.
type secret struct{ text, mask string }

// forms returns every secret, and every line of one that has several, as it is
// and as it is encoded for a URL or JSON; the longest first, since one may be
// part of another.
func (s secrets) forms() []secret {
	var all []secret
	add := func(text, mask string) {
		for _, form := range encodings(text) {
			if len(form) >= maskFrom {
				all = append(all, secret{form, mask})
			}
		}
	}
	for value, mask := range s {
		add(value, mask)
		for line := range strings.FieldsFuncSeq(value, isLineEnd) {
			add(strings.TrimSpace(line), mask)
		}
	}
	slices.SortFunc(all, func(a, b secret) int { return len(b.text) - len(a.text) })
	return all
}

// mask returns text with every secret replaced by what stands for it.
func (s secrets) mask(text string) string {
	var pairs []string
	for _, secret := range s.forms() {
		pairs = append(pairs, secret.text, secret.mask)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// withoutHalf returns a text that was cut without the beginning of a secret at
// its end, which mask would not recognise.
func (s secrets) withoutHalf(text string) string {
	shortest := len(text)
	for _, secret := range s.forms() {
		for n := min(len(secret.text)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, secret.text[:n]) {
				shortest = min(shortest, len(text)-n)
				break
			}
		}
	}
	return text[:shortest]
}

func isLineEnd(r rune) bool { return r == '\n' || r == '\r' }

// encodings returns text as it is, and as it stands in URLs and in JSON.
func encodings(text string) []string {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text)         // a string always encodes
	escaped, _ := json.Marshal(text) // with <, > and & as numbers
	return []string{
		text, url.QueryEscape(text), url.PathEscape(text),
		plain.String()[1 : plain.Len()-len("\"\n")], string(escaped[1 : len(escaped)-1]),
	}
}

// maskError is mask for the text of err; what err wraps is still found.
func (s secrets) maskError(err error) error {
	if err == nil || len(s) == 0 {
		return err
	}
	return &textError{s.mask(err.Error()), err}
}

// textError says what its cause is in better words.
type textError struct {
	text  string
	cause error
}

func (e *textError) Error() string { return e.text }

func (e *textError) Unwrap() error { return e.cause }
