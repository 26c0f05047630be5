package demo

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Widths of the table in characters.
const (
	timeWidth = 10
	laneWidth = 16
	nameWidth = 22
	fateWidth = 20
	wrapWidth = 90
)

// gapNs is how long nothing happens before the table says so.
const gapNs = int64(100 * time.Millisecond)

// row is a line of the timeline: one step of one or more nodes.
type row struct {
	atNs  int64
	text  string
	cells map[string]bool
	note  string // instead of cells: what the network does
}

// Write writes the report for people. Colour marks the verdicts and whoever is killed or alone.
func (r *Report) Write(w io.Writer, colour bool) error {
	p := &painter{colour: colour}
	p.wrap(r.About)
	for i := range r.Runs {
		p.trial(&r.Runs[i])
	}
	p.summary(r)
	_, err := io.WriteString(w, p.text.String())
	return err
}

// painter builds the text.
type painter struct {
	text   strings.Builder
	colour bool
}

func (p *painter) line(format string, args ...any) {
	fmt.Fprintf(&p.text, format, args...)
	p.text.WriteByte('\n')
}

func (p *painter) trial(t *Trial) {
	names := append([]string{coordinator}, lanes...)
	if slices.ContainsFunc(t.Events, func(e Event) bool { return e.Node == backup }) {
		names = append(names, backup)
	}
	p.line("")
	p.line("%s: %s", p.bold(t.Name), p.verdict(t.Verdict))
	head := pad("", timeWidth)
	for _, n := range names {
		head += pad(n, laneWidth)
	}
	p.line("%s", strings.TrimRight(p.dim(head), " "))
	last := int64(0)
	for _, r := range rows(t.Events) {
		if r.atNs-last > gapNs {
			p.line("%s", p.waiting(t, names, r.atNs))
		}
		last = r.atNs
		p.row(&r, names)
	}
}

// wrap writes text in lines of at most wrapWidth characters.
func (p *painter) wrap(text string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > wrapWidth {
			p.line("%s", line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	p.line("%s", line)
}

// rows joins what several nodes do at about the same time into one line.
func rows(events []Event) (all []row) {
	for _, e := range events {
		if e.Node == "" {
			all = append(all, row{atNs: e.AtNs, note: e.Text})
			continue
		}
		if n := len(all) - 1; n >= 0 && all[n].text == e.Text && !all[n].cells[e.Node] {
			all[n].cells[e.Node] = true
			continue
		}
		all = append(all, row{atNs: e.AtNs, text: e.Text, cells: map[string]bool{e.Node: true}})
	}
	return all
}

func (p *painter) row(r *row, names []string) {
	text := pad(ms(r.atNs), timeWidth)
	if r.note != "" {
		p.line("%s%s", text, p.red(r.note))
		return
	}
	for _, n := range names {
		cell := ""
		if r.cells[n] {
			cell = r.text
		}
		text += p.step(pad(cell, laneWidth))
	}
	p.line("%s", strings.TrimRight(text, " "))
}

// waiting is the line of a time in which nothing happens, up to atNs: who is in doubt then.
func (p *painter) waiting(t *Trial, names []string, atNs int64) string {
	text := pad("  ...", timeWidth)
	for _, n := range names {
		cell := ""
		if i := slices.Index(lanes, n); i >= 0 && (t.Fates[i].Outcome == doubt || t.Fates[i].DecidedNs >= atNs) {
			cell = "waits"
		}
		text += p.dim(pad(cell, laneWidth))
	}
	return strings.TrimRight(text, " ")
}

func (p *painter) summary(r *Report) {
	p.line("")
	head := pad("", nameWidth)
	for _, n := range lanes {
		head += pad(n, fateWidth)
	}
	p.line("%s", strings.TrimRight(p.dim(head), " "))
	for _, t := range r.Runs {
		text := pad(t.Name, nameWidth)
		for _, f := range t.Fates {
			atNs := f.DecidedNs
			if f.Outcome == doubt {
				atNs = f.InDoubtNs
			}
			text += pad(f.Outcome+" "+ms(atNs), fateWidth)
		}
		p.line("%s%s", text, p.verdict(t.Verdict))
	}
	p.line("")
	for _, t := range r.Runs {
		if t.Meaning != "" {
			p.line("%s%s", p.verdict(t.Verdict)+pad(":", 10-len(t.Verdict)), t.Meaning)
		}
	}
	p.line("")
	p.line("%s", p.dim(fmt.Sprintf("Simulated clock, network and disks (seed %d); the state machines and drivers are the real ones.", r.Seed)))
}

// ms is a time for people: what they compare are powers of ten.
func ms(ns int64) string {
	switch {
	case ns >= int64(time.Second):
		return fmt.Sprintf("%.2f s", float64(ns)/1e9)
	case ns >= int64(10*time.Millisecond):
		return fmt.Sprintf("%.1f ms", float64(ns)/1e6)
	}
	return fmt.Sprintf("%.2f ms", float64(ns)/1e6)
}

func pad(s string, width int) string { return s + strings.Repeat(" ", max(width-len(s), 1)) }

func (p *painter) paint(code, s string) string {
	if !p.colour || strings.TrimSpace(s) == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *painter) bold(s string) string { return p.paint("1", s) }
func (p *painter) dim(s string) string  { return p.paint("2", s) }
func (p *painter) red(s string) string  { return p.paint("31", s) }

func (p *painter) verdict(v Verdict) string {
	return p.paint(map[Verdict]string{Blocks: "1;33", Splits: "1;31", Decides: "1;32"}[v], string(v))
}

func (p *painter) step(cell string) string {
	switch strings.TrimSpace(cell) {
	case "KILLED":
		return p.paint("1;31", cell)
	case "COMMITTED":
		return p.paint("32", cell)
	case "ABORTED":
		return p.paint("33", cell)
	}
	return cell
}
