package gosource

import (
	"go/ast"
	"go/format"
	"go/token"
	"strconv"
	"strings"
)

// Call is a method call in the source.
type Call struct {
	Pos      token.Pos
	Receiver string     // source of what stands before the dot
	Args     []ast.Expr // nil if the last one is spread with ...
}

// Method returns the call of x.method on a line, if there is exactly one.
func (f *File) Method(line int, method string) (*Call, bool) {
	calls := f.calls(line, method)
	if len(calls) != 1 {
		return nil, false
	}
	call := calls[0][len(calls[0])-1].(*ast.CallExpr)
	selector, ok := callee(call).(*ast.SelectorExpr)
	if !ok {
		return nil, false
	}
	c := &Call{Pos: call.Pos(), Receiver: f.Source(selector.X), Args: call.Args}
	if call.Ellipsis.IsValid() {
		c.Args = nil
	}
	return c, true
}

// Source returns an expression as gofmt writes it.
func (f *File) Source(e ast.Expr) string {
	var b strings.Builder
	if err := format.Node(&b, f.fset, e); err != nil {
		return ""
	}
	return b.String()
}

// Root returns the x of an expression x.With(…), also where further methods
// follow. It is empty unless x is a name, or names with dots.
func (f *File) Root(e ast.Expr) string {
	for {
		call, ok := ast.Unparen(e).(*ast.CallExpr)
		if !ok {
			return ""
		}
		selector, ok := callee(call).(*ast.SelectorExpr)
		if !ok {
			return ""
		}
		if selector.Sel.Name == "With" {
			return f.Name(selector.X)
		}
		e = selector.X
	}
}

// Name returns the source of an expression that is a name, or names with dots.
func (f *File) Name(e ast.Expr) string {
	for x := e; ; {
		switch y := x.(type) {
		case *ast.Ident:
			return f.Source(e)
		case *ast.SelectorExpr:
			x = y.X
		default:
			return ""
		}
	}
}

// calls returns the calls on a line of functions with one of these names, each
// with the nodes that it stands in, from the file inwards.
func (f *File) calls(line int, names ...string) (all [][]ast.Node) {
	var stack []ast.Node
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		call, ok := n.(*ast.CallExpr)
		if !ok || f.line(call.Pos()) > line || f.line(call.Lparen) < line {
			return true
		}
		for _, name := range names {
			if calleeName(call) == name {
				all = append(all, append([]ast.Node(nil), stack...))
			}
		}
		return true
	})
	return all
}

func (f *File) line(at token.Pos) int { return f.fset.Position(at).Line }

// callee returns the function of a call without its type arguments.
func callee(call *ast.CallExpr) ast.Expr {
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.IndexExpr:
		return fun.X
	case *ast.IndexListExpr:
		return fun.X
	default:
		return fun
	}
}

func calleeName(call *ast.CallExpr) string {
	switch fun := callee(call).(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

// firstText returns the first argument of a call, if it is a text.
func firstText(call *ast.CallExpr) (string, bool) {
	if len(call.Args) == 0 {
		return "", false
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}
