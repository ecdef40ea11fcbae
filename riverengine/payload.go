package riverengine

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/saferunner/saferunner/engine"
)

// form is how a payload is written.
type form string

const (
	asIs   form = ""
	inside form = "value"  // it is no object: River's driver for SQLite takes nothing else
	base   form = "base64" // it holds what Postgres may not take
	sealed form = "sealed" // it is encrypted, with the entry's ID as additional data
)

// jobArgs are a payload as River takes it.
type jobArgs struct {
	kind    string
	payload json.RawMessage
	wait    time.Duration // what Work leaves for NextRetry
}

func (a jobArgs) Kind() string                 { return a.kind }
func (a jobArgs) MarshalJSON() ([]byte, error) { return a.payload, nil }

func (a *jobArgs) UnmarshalJSON(data []byte) error {
	a.payload = bytes.Clone(data)
	return nil
}

// mostDigits of a number are taken for few: Postgres has room for 16,383
// behind the point, and for more before it.
const mostDigits = 300

// notForJSONB reports whether Postgres may refuse to hold JSON in a jsonb: for
// the escape of a zero byte or of half a surrogate pair, for bytes that are
// not UTF-8, or for a number too large or too fine.
func notForJSONB(text []byte) bool {
	if !utf8.Valid(text) {
		return true
	}
	digits, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			rest := text[i+1:]
			if bytes.HasPrefix(rest, []byte("u0000")) || bytes.HasPrefix(rest, []byte("ud")) || bytes.HasPrefix(rest, []byte("uD")) {
				return true
			}
			i++ // it is escaped
		case c == '"':
			inString, digits = !inString, 0
		case inString || c == '.':
		case '0' <= c && c <= '9':
			digits++
		case digits > 0 && (c == 'e' || c == 'E'):
			return true
		default:
			digits = 0
		}
		if digits > mostDigits {
			return true
		}
	}
	return false
}

func (e *Engine) wrap(j *engine.Job) (json.RawMessage, form, error) {
	if len(j.Payload) == 0 {
		return nil, "", errors.New("it has no arguments")
	}
	if e.aead != nil {
		nonce := make([]byte, e.aead.NonceSize())
		if _, err := rand.Read(nonce); err != nil {
			return nil, "", err
		}
		return quoted(e.aead.Seal(nonce, nonce, j.Payload, []byte(j.EntryID))), sealed, nil
	}
	if notForJSONB(j.Payload) {
		return quoted(j.Payload), base, nil
	}
	if j.Payload[0] != '{' {
		return slices.Concat([]byte(`{"value":`), j.Payload, []byte{'}'}), inside, nil
	}
	return j.Payload, asIs, nil
}

func quoted(b []byte) json.RawMessage {
	return json.RawMessage(`{"value":"` + base64.StdEncoding.EncodeToString(b) + `"}`)
}

// errSealed is why a worker cannot read a payload that another may read.
var errSealed = errors.New("the arguments are sealed, and this engine was opened without Seal, or with another key")

func (e *Engine) unwrap(env *envelope, payload json.RawMessage) (json.RawMessage, error) {
	if env.Form == asIs {
		return payload, nil
	}
	var wrapped struct{ Value json.RawMessage }
	err := json.Unmarshal(payload, &wrapped)
	if err == nil && env.Form == inside {
		return wrapped.Value, nil
	}
	var text []byte // base64, as encoding/json reads it
	if err = errors.Join(err, json.Unmarshal(wrapped.Value, &text)); err != nil {
		return nil, fmt.Errorf("the arguments have been changed in the database: %w", err)
	}
	switch {
	case env.Form == base:
		return text, nil
	case env.Form != sealed || e.aead == nil || len(text) < e.aead.NonceSize():
		return nil, errSealed
	}
	nonce, secret := text[:e.aead.NonceSize()], text[e.aead.NonceSize():]
	plain, err := e.aead.Open(nil, nonce, secret, []byte(env.Entry))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
