package requestctx

import (
	"context"
	"reflect"
	"strings"
)

// values is what a *fasthttp.RequestCtx has.
type values interface{ VisitUserValuesAll(func(key, value any)) }

var valuesType = reflect.TypeFor[values]()

// hasValues reports whether a type is a *fasthttp.RequestCtx or, as a
// fiber.Ctx, has one.
func hasValues(t reflect.Type) bool {
	if t.Implements(valuesType) {
		return true
	}
	m, ok := t.MethodByName("RequestCtx")
	return ok && m.Type.NumIn() == 1 && m.Type.NumOut() == 1 && m.Type.Out(0).Implements(valuesType)
}

// fiberContext returns the ctx that a fiber.Ctx was given by SetContext. Its
// method Context would write one into a request that has none, which is not
// safe where several goroutines run calls with it.
func fiberContext(ctx context.Context) (found context.Context) {
	defer func() {
		if recover() != nil || IsNil(found) {
			found = nil // a part of it is nil
		}
	}()
	v, ok := ctx.(values)
	if !ok {
		v, _ = reflect.ValueOf(ctx).MethodByName("RequestCtx").Call(nil)[0].Interface().(values)
	}
	v.VisitUserValuesAll(func(key, value any) {
		if c, ok := value.(context.Context); ok && isFiberKey(key) {
			found = c
		}
	})
	return found
}

// isFiberKey reports whether fiber keeps the ctx of a request under key.
func isFiberKey(key any) bool {
	if key == "__local_user_context__" {
		return true
	}
	t := reflect.TypeOf(key)
	return t != nil && t.Name() == "contextKey" && strings.HasPrefix(t.PkgPath(), fiber)
}

const fiber = "github.com/gofiber/fiber"
