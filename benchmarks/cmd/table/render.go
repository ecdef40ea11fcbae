package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// render writes the tables: the promised ratios, and all that was measured. If
// the tables are to be whole, the error names the figures that were not.
func render(r *results, figures []figure, whole bool) (string, error) {
	var out strings.Builder
	fmt.Fprintf(&out, "%s, %s/%s, %d processors", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if r.cpu != "" {
		fmt.Fprintf(&out, " (%s)", r.cpu)
	}
	out.WriteString(".\n\n| figure | compared with | target | median ratio | middle half | passes | met |\n|---|---|---|---|---|---|---|\n")
	var missing []error
	for _, f := range figures {
		if f.absent(r) && !whole {
			continue
		}
		row, err := f.row(r)
		if err != nil {
			missing = append(missing, err)
			continue
		}
		out.WriteString(row)
	}
	out.WriteString("\n| benchmark | ns/op, least | ns/op, median | cpu-ns/op, median | B/op | allocs/op |\n|---|---|---|---|---|---|\n")
	for _, name := range r.names {
		units := r.values[name]
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", name, cell(units["ns/op"], slices.Min),
			cell(units["ns/op"], median), cell(units["cpu-ns/op"], median), cell(units["B/op"], median), cell(units["allocs/op"], median))
	}
	return out.String(), errors.Join(missing...)
}

// absent reports whether neither side was measured.
func (f figure) absent(r *results) bool {
	return r.values[f.subject] == nil && r.values[f.baseline] == nil
}

func (f figure) row(r *results) (string, error) {
	subject, baseline := f.subject, f.baseline
	target := ""
	switch {
	case f.atMost > 0:
		target = fmt.Sprintf("≤ %.2f", f.atMost)
	case f.atLeast > 0:
		subject, baseline = baseline, subject
		target = fmt.Sprintf("≥ %.2f times as fast", f.atLeast)
	}
	ratios, err := r.ratios(subject, baseline, f.unit)
	if err != nil {
		return "", err
	}
	ratio := median(ratios)
	met := "yes"
	switch {
	case target == "":
		met = ""
	case f.atLeast > 0 && ratio < f.atLeast, f.atMost > 0 && ratio > f.atMost:
		met = "**no**"
	}
	return fmt.Sprintf("| %s | %s | %s | %.2f | %.2f–%.2f | %d | %s |\n", f.what, f.against, target, ratio,
		quantile(ratios, 0.25), quantile(ratios, 0.75), len(ratios), met), nil
}

func cell(values []float64, of func([]float64) float64) string {
	if len(values) == 0 {
		return ""
	}
	if v := of(values); v < 100 {
		return fmt.Sprintf("%.3g", v)
	} else {
		return fmt.Sprintf("%.0f", v)
	}
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile interpolates between the two values next to it.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
