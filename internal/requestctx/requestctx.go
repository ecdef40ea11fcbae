// Package requestctx looks through a ctx that hides the ctx of its request, as
// the Context of a web framework does.
package requestctx

import (
	"context"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// Of returns the ctx of the request that ctx itself stands for, nil if it
// stands for none. A ctx stands for a request if it has an exported field
// Request of type *http.Request, as a *gin.Context and what embeds it, and if
// it is a fiber.Ctx, or the *fasthttp.RequestCtx of one.
func Of(ctx context.Context) context.Context {
	s := shapeOf(ctx)
	if s.request != nil {
		if request, ok := fieldOf(ctx, s.request).(interface{ Context() context.Context }); ok {
			return request.Context()
		}
	}
	if s.values {
		return fiberContext(ctx)
	}
	return nil
}

// Beneath is Of for the ctxs that ctx was made from. It looks only where the
// program may hold a framework whose Context does not hand on what it is asked
// for.
func Beneath(ctx context.Context) context.Context {
	if !frameworks() {
		return nil
	}
	// A *gin.Context can be asked for itself, whatever is over it.
	if c, ok := ctx.Value("_gin-gonic/gin/contextkey").(context.Context); ok && !IsNil(c) {
		return Of(c)
	}
	for {
		s := shapeOf(ctx)
		if s.parent == nil {
			return nil
		}
		parent, _ := fieldOf(ctx, s.parent).(context.Context)
		if IsNil(parent) {
			return nil
		}
		if ctx = parent; Of(ctx) != nil {
			return Of(ctx)
		}
	}
}

// TypeName returns the type of the first of ctx and the ctxs that it was made
// from that can stand for a request, empty without one.
func TypeName(ctx context.Context) string {
	for !IsNil(ctx) {
		s := shapeOf(ctx)
		if s.request != nil || s.values {
			return reflect.TypeOf(ctx).String()
		}
		if s.parent == nil {
			break
		}
		ctx, _ = fieldOf(ctx, s.parent).(context.Context)
	}
	return ""
}

// IsNil reports whether ctx is nil, or a nil pointer.
func IsNil(ctx context.Context) bool {
	if ctx == nil {
		return true
	}
	v := reflect.ValueOf(ctx)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// shape is what there is to know of a type of ctx.
type shape struct {
	request []int // index of the field Request, nil without
	parent  []int // index of the field Context, nil without
	values  bool  // it has those of a *fasthttp.RequestCtx
}

var (
	shapes sync.Map // by type

	contextType = reflect.TypeFor[context.Context]()
)

func shapeOf(ctx context.Context) *shape {
	t := reflect.TypeOf(ctx)
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := &shape{values: hasValues(t)}
	elem := t
	if t.Kind() == reflect.Pointer {
		elem = t.Elem()
	}
	if elem.Kind() == reflect.Struct {
		if f, ok := elem.FieldByName("Request"); ok && f.Type.Kind() == reflect.Pointer && f.Type.Elem().PkgPath() == "net/http" && f.Type.Elem().Name() == "Request" {
			s.request = f.Index
		}
		if f, ok := elem.FieldByName("Context"); ok && f.Type == contextType {
			s.parent = f.Index
		}
	}
	shapes.Store(t, s)
	return s
}

// fieldOf returns a field of the struct that ctx is or points to, nil if there
// is a nil on the way.
func fieldOf(ctx context.Context, index []int) any {
	v := reflect.ValueOf(ctx)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	f, err := v.FieldByIndexErr(index)
	if err != nil || f.IsNil() {
		return nil
	}
	return f.Interface()
}

// frameworks reports whether the program may hold gin or fiber. Before Go 1.27
// a test binary does not say what it is built of.
var frameworks = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	unknown := !ok || len(info.Deps) == 0 && strings.HasSuffix(info.Path, ".test")
	return unknown || slices.ContainsFunc(info.Deps, func(m *debug.Module) bool {
		return m.Path == "github.com/gin-gonic/gin" || strings.HasPrefix(m.Path, fiber)
	})
})
