package saferunner

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/gate"
	"github.com/saferunner/saferunner/internal/payload"
	"github.com/saferunner/saferunner/internal/record"
)

// arguments are a task's, of the type that it takes.
type arguments[In any] struct {
	core *core[In]
	in   In
}

var _ record.Arguments = (*arguments[int])(nil)

func (a *arguments[In]) value() reflect.Value { return reflect.ValueOf(&a.in).Elem() }

// Task implements record.Arguments.
func (a *arguments[In]) Task() *record.Task { return &a.core.Task }

// Pointer implements record.Arguments.
func (a *arguments[In]) Pointer() any { return &a.in }

// Invoke implements record.Arguments.
func (a *arguments[In]) Invoke(ctx context.Context, pass gate.Pass) (any, error) {
	pass.Check()
	return a.core.call(ctx, a.in)
}

// WhenRecorded implements record.Arguments.
func (a *arguments[In]) WhenRecorded() (any, error) { return a.core.answer(a.in) }

// Copy implements record.Arguments.
func (a *arguments[In]) Copy() (dup record.Arguments, bytes int64, shares bool) {
	own := a
	if !a.core.Flat {
		own = &arguments[In]{a.core, a.in}
	}
	bytes, shares = own.detach()
	return own, bytes, shares
}

// detach makes a plain assignment of arguments a copy, and returns what Copy
// does of it.
func (a *arguments[In]) detach() (bytes int64, shares bool) {
	if a.core.Fixed {
		return a.core.Bytes, false
	}
	bytes, shares = a.core.copies.Detach(reflect.ValueOf(&a.in).Elem())
	return a.core.Bytes + bytes, shares
}

// own makes arguments of calls in a row copies, in one block of memory.
func (c *core[In]) own(calls []record.Call, freeze bool) {
	var block []arguments[In]
	if !c.Flat {
		block = make([]arguments[In], len(calls))
	}
	for i := range calls {
		a := calls[i].Args.(*arguments[In])
		if !c.Flat {
			block[i] = *a
			a = &block[i]
		}
		var args record.Arguments = a
		bytes, shares := a.detach()
		if shares && freeze {
			shown, more := record.Freeze(a)
			args, bytes = shown, bytes+more
		}
		calls[i].SetArguments(args, bytes)
	}
}

// Equal implements record.Arguments.
func (a *arguments[In]) Equal(other any) bool {
	b, ok := other.(*arguments[In])
	switch {
	case !ok:
		return false
	case a.core.copies.Comparable():
		return any(a.in) == any(b.in)
	}
	return a.core.copies.Equal(a.value(), b.value())
}

// Check implements record.Arguments.
func (a *arguments[In]) Check(async bool) error {
	if !a.core.Sound {
		if err := a.core.copies.Check(a.value()); err != nil {
			return fmt.Errorf("%s: %w: %w", a.core.Spec.Name, ErrArguments, err)
		}
	}
	if !async || a.core.Survives {
		return nil
	}
	if err := a.core.wire.Check(reflect.ValueOf(&a.in).Elem(), a.core.shown); err != nil {
		return fmt.Errorf("%s is async: %w: %w", a.core.Spec.Name, ErrArguments, err)
	}
	return nil
}

// Payload implements record.Arguments.
func (a *arguments[In]) Payload() (json.RawMessage, error) { return payload.Marshal(&a.in) }

// Shown implements record.Arguments.
func (a *arguments[In]) Shown() json.RawMessage { return a.core.shown.JSON(a.value()) }

// Redacted implements record.Arguments.
func (a *arguments[In]) Redacted() bool { return a.core.shown.Has(a.value()) }

// read makes arguments from what crossed an engine. It is strict: a field
// that In does not have is an error.
func (c *core[In]) read(text json.RawMessage) (record.Arguments, error) {
	a := &arguments[In]{core: c}
	if err := payload.Unmarshal(text, &a.in); err != nil {
		decode := func(part json.RawMessage) error { return payload.Unmarshal(part, new(In)) }
		return nil, fmt.Errorf("decode arguments of %s: %w", c.Spec.Name, c.shown.DecodeError(err, text, decode))
	}
	return a, nil
}
