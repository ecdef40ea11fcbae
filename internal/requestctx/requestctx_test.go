package requestctx

import (
	"context"
	"net/http"
	"testing"
	"time"
)

type key struct{}
type otherKey struct{}

var inside = context.WithValue(context.Background(), key{}, "inside")

// bare is a ctx that hands on nothing.
type bare struct{}

func (bare) Deadline() (time.Time, bool) { return time.Time{}, false }
func (bare) Done() <-chan struct{}       { return nil }
func (bare) Err() error                  { return nil }
func (bare) Value(any) any               { return nil }

type (
	field struct {
		bare
		Request *http.Request
	}
	embeds     struct{ *field2 }
	field2     struct{ field }
	private    struct{ inner }
	inner      struct{ field }
	unexported struct {
		bare
		request *http.Request
	}
	other struct {
		bare
		Request *Request
	}
	Request struct{}
	wrong   struct {
		bare
		Request string
	}
	// requestCtx has the methods of a *fasthttp.RequestCtx.
	requestCtx struct {
		bare
		values map[any]any
	}
	// fiberCtx has those of a fiber.Ctx.
	fiberCtx struct {
		bare
		request *requestCtx
	}
	embedsFiber struct{ *fiberCtx }
	panics      struct{ fiberCtx }
	both        struct {
		fiberCtx
		Request *http.Request
	}
	wrapper struct {
		context.Context
		User string
	}
)

func (Request) Context() context.Context { return inside }

func (r *requestCtx) VisitUserValuesAll(visit func(key, value any)) {
	for key, value := range r.values {
		visit(key, value)
	}
}
func (f fiberCtx) RequestCtx() *requestCtx { return f.request }
func (panics) RequestCtx() *requestCtx     { panic("not ready") }

// given is a request with a ctx under this key.
func given(key any, ctx context.Context) *requestCtx {
	return &requestCtx{values: map[any]any{"other": 1, 2: inside, key: ctx, nil: inside}}
}

const fiberKey = "__local_user_context__"

func TestOf(t *testing.T) {
	request, err := http.NewRequestWithContext(inside, "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	var none *field
	for name, tt := range map[string]struct {
		ctx   context.Context
		found bool
	}{
		"field":                             {&field{Request: request}, true},
		"field of a value":                  {field{Request: request}, true},
		"field of an embedded pointer":      {embeds{&field2{field{Request: request}}}, true},
		"field of an unexported struct":     {&private{inner{field{Request: request}}}, true},
		"nil request":                       {&field{}, false},
		"nil embedded pointer":              {embeds{}, false},
		"pointer to a nil embedded pointer": {&embeds{}, false},
		"nil pointer":                       {none, false},
		"unexported field":                  {&unexported{request: request}, false},
		"Request of another package":        {&other{Request: &Request{}}, false},
		"Request that is no pointer":        {&wrong{Request: "x"}, false},
		"request without a ctx":             {&field{Request: &http.Request{}}, false},
		"fiber":                             {&fiberCtx{request: given(fiberKey, inside)}, true},
		"fiber's value":                     {fiberCtx{request: given(fiberKey, inside)}, true},
		"fiber's request":                   {given(fiberKey, inside), true},
		"fiber without a ctx":               {&fiberCtx{request: given("another", inside)}, false},
		"fiber with a nil pointer":          {&fiberCtx{request: given(fiberKey, none)}, false},
		"fiber with nil":                    {&fiberCtx{request: given(fiberKey, nil)}, false},
		"fiber without a request":           {&fiberCtx{}, false},
		"what embeds fiber":                 {embedsFiber{&fiberCtx{request: given(fiberKey, inside)}}, true},
		"what embeds nil":                   {embedsFiber{}, false},
		"nil pointer with methods":          {(*fiberCtx)(nil), false},
		"method that panics":                {panics{}, false},
		"nil request, and fiber":            {both{fiberCtx: fiberCtx{request: given(fiberKey, inside)}}, true},
		"no request":                        {context.Background(), false},
		"a ctx of package context":          {inside, false},
		"wrapper":                           {wrapper{Context: &field{Request: request}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := Of(tt.ctx)
			if found := got != nil && got.Value(key{}) == "inside"; found != tt.found {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A test binary that names no module may hold any framework: it is looked beneath all
// that a ctx is made from.
func TestBeneath(t *testing.T) {
	request, err := http.NewRequestWithContext(inside, "GET", "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	below := &field{Request: request}
	timeout, cancel := context.WithTimeout(below, time.Hour)
	defer cancel()
	stop, cancelCause := context.WithCancelCause(context.WithValue(timeout, key{}, "other"))
	defer cancelCause(nil)
	for name, ctx := range map[string]context.Context{
		"value":        context.WithValue(below, otherKey{}, 1),
		"several":      stop,
		"user's type":  wrapper{Context: timeout},
		"user's type ": &wrapper{Context: below},
		"fiber":        context.WithValue(&fiberCtx{request: given(fiberKey, inside)}, otherKey{}, 1),
	} {
		if got := Beneath(ctx); got == nil || got.Value(key{}) != "inside" {
			t.Errorf("%s: got %v", name, got)
		}
	}
	for name, ctx := range map[string]context.Context{
		"nothing":       context.WithValue(context.Background(), otherKey{}, 1),
		"nil":           wrapper2{},
		"nil pointer":   wrapper2{(*field)(nil)},
		"without a ctx": bare{},
	} {
		if got := Beneath(ctx); got != nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// wrapper2 answers for itself, also where it has no Context.
type wrapper2 struct{ context.Context }

func (wrapper2) Value(any) any { return nil }

func TestTypeName(t *testing.T) {
	timeout, cancel := context.WithTimeout(&field{}, time.Hour)
	defer cancel()
	for want, ctx := range map[string]context.Context{
		"*requestctx.field":    timeout,
		"requestctx.field":     field{},
		"*requestctx.fiberCtx": wrapper{Context: &fiberCtx{}},
		"":                     inside,
	} {
		if got := TypeName(ctx); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, ctx := range []context.Context{nil, (*field)(nil), wrapper{}, wrapper{Context: (*field)(nil)}} {
		if got := TypeName(ctx); got != "" {
			t.Errorf("got %q", got)
		}
	}
}

func TestIsNil(t *testing.T) {
	var none *field
	for _, ctx := range []context.Context{nil, none} {
		if !IsNil(ctx) {
			t.Errorf("%T is not nil", ctx)
		}
	}
	for _, ctx := range []context.Context{context.Background(), &field{}, field{}, bare{}} {
		if IsNil(ctx) {
			t.Errorf("%T is nil", ctx)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	for b.Loop() {
		_ = Of(inside)
	}
}
