package gosource

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Holder returns the variable that the result of a call was given to: of the
// call on a line of a function with one of these names, whose first argument is
// first, if it is a text. Methods in chain, the ones called on that result, do
// not matter. If the result went elsewhere, why says where.
func (f *File) Holder(line int, first string, chain map[string]bool, names ...string) (variable types.Object, why string) {
	var found []ast.Node
	count := 0
	for _, stack := range f.calls(line, names...) {
		if text, ok := firstText(stack[len(stack)-1].(*ast.CallExpr)); ok && text != first {
			continue
		}
		found = stack
		count++
	}
	if count != 1 {
		return nil, "its definition is not found in the source"
	}
	return f.holder(found, chain)
}

// holder goes outwards from an expression to what takes its value.
func (f *File) holder(stack []ast.Node, chain map[string]bool) (variable types.Object, why string) {
	value := stack[len(stack)-1].(ast.Expr)
	for i := len(stack) - 2; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.ParenExpr:
			value = n
		case *ast.SelectorExpr:
			if !chain[n.Sel.Name] {
				return nil, "it is used where it is defined, and not kept"
			}
			value = n
		case *ast.CallExpr:
			if n.Fun != value {
				return nil, "it is passed to " + f.Source(n.Fun) + " where it is defined"
			}
			value = n
		case *ast.ValueSpec:
			for j := range n.Values {
				if n.Values[j] == value && len(n.Names) == len(n.Values) {
					return f.named(n.Names[j])
				}
			}
			return nil, "it is not kept in a variable"
		case *ast.AssignStmt:
			for j := range n.Rhs {
				if n.Rhs[j] == value && len(n.Lhs) == len(n.Rhs) {
					return f.assigned(n.Lhs[j], n.Pos())
				}
			}
			return nil, "it is not kept in a variable"
		case *ast.KeyValueExpr, *ast.CompositeLit:
			return nil, "it is held in a part of a value, and which one is not known"
		case *ast.ReturnStmt:
			return nil, "it is returned where it is defined, and who holds it is not known"
		default:
			return nil, "it is not kept in a variable"
		}
	}
	return nil, "it is not kept in a variable"
}

func (f *File) named(name *ast.Ident) (variable types.Object, why string) {
	if object := f.info.Defs[name]; object != nil && name.Name != "_" {
		return object, ""
	}
	return nil, "it is not kept in a variable"
}

func (f *File) assigned(to ast.Expr, at token.Pos) (variable types.Object, why string) {
	name, ok := to.(*ast.Ident)
	if !ok {
		return nil, "it is held in " + f.Source(to) + ", and which value that is part of is not known"
	}
	if f.info.Defs[name] != nil {
		return f.named(name)
	}
	if object := f.Lookup(at, name.Name); object != nil && name.Name != "_" {
		return object, ""
	}
	return nil, "it is not kept in a variable"
}
