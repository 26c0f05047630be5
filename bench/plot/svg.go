package plot

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The layout, in units of the picture.
const (
	width       = 760
	frameHeight = 340
	frameLeft   = 84
	frameRight  = width - 24
	frameTop    = 66 // of one line under the title; each further one takes subtitleRow
	belowFrame  = 58 // numbers and label of the X axis
	legendRow   = 20
	legendMark  = 30 // the line before a name
	legendGap   = 22
	charWidth   = 6.6 // of the small text, on average and a little more
	subtitleMax = 108 // characters of a line
	subtitleRow = 17
)

// style dresses the picture for a light page, and for a dark one if the reader's system says so.
const style = `<style>
text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#3d444d}
.title{font-size:16px;font-weight:600;fill:#1f2328}
.page{fill:#ffffff}.frame{fill:none;stroke:#8c959f}.grid{stroke:#d8dee4}.fine{stroke:#eef1f4}
.line{fill:none;stroke-width:2;stroke-linejoin:round}
%s@media (prefers-color-scheme:dark){
text{fill:#b7bfc8}.title{fill:#f0f6fc}
.page{fill:#0d1117}.frame{stroke:#656c76}.grid{stroke:#2d343c}.fine{stroke:#1c2229}
%s}
</style>
`

// colours tell series apart on white and on black, for colour-blind readers too (I3).
var colours = [SeriesMax]struct{ light, dark string }{
	{"#0b5cad", "#58a6ff"}, {"#c2410c", "#ff9a57"}, {"#0f766e", "#3ddbb8"}, {"#a21caf", "#e48bf0"},
	{"#8a6d00", "#e3c341"}, {"#b91c1c", "#ff7b72"}, {"#4b5563", "#aab4c0"}, {"#4d7c0f", "#9bd44a"},
}

// drawing is a Chart on its way to SVG.
type drawing struct {
	*Chart
	w      *bufio.Writer // its first error sticks and comes out of Flush
	x, y   span
	top    int      // of the frame
	series []Series // that are drawn, of points that can be
	under  []string // the title: the subtitle, and what is not drawn
}

// WriteSVG draws the chart. The errors are those of w.
func (c *Chart) WriteSVG(w io.Writer) error {
	d := &drawing{Chart: c, w: bufio.NewWriter(w)}
	d.prepare()
	rows := d.legend()
	under := wrapped(d.under)
	d.top = frameTop + subtitleRow*max(0, len(under)-1)
	height := d.top + frameHeight + belowFrame + legendRow*len(rows) + 10
	fmt.Fprintf(d.w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(d.w, "<title>%s</title>\n", escaped(c.Title))
	d.dress()
	fmt.Fprintf(d.w, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(d.w, `<text class="title" x="18" y="28">%s</text>`+"\n", escaped(c.Title))
	for i, line := range under {
		fmt.Fprintf(d.w, `<text x="18" y="%d">%s</text>`+"\n", 48+subtitleRow*i, escaped(line))
	}
	d.axes()
	for i := range d.series {
		d.line(i)
	}
	d.key(rows)
	d.w.WriteString("</svg>\n")
	return d.w.Flush()
}

// prepare chooses what is drawn and measures the axes by it (I2).
func (d *drawing) prepare() {
	var xs, ys []float64
	lost := 0
	for _, s := range d.Series[:min(len(d.Series), SeriesMax)] {
		kept := Series{Name: s.Name, Plain: s.Plain}
		for _, p := range s.Points {
			if !d.X.Scale.can(p.X) || !d.Y.Scale.can(p.Y) {
				lost++
				continue
			}
			kept.Points = append(kept.Points, p)
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
		d.series = append(d.series, kept)
	}
	d.x, d.y = newSpan(d.X, xs), newSpan(d.Y, ys)
	if d.Subtitle != "" {
		d.under = append(d.under, d.Subtitle)
	}
	if more := len(d.Series) - SeriesMax; more > 0 {
		d.under = append(d.under, fmt.Sprintf("lines not drawn: %d", more))
	}
	if lost > 0 {
		d.under = append(d.under, fmt.Sprintf("points without a place on the axes: %d", lost))
	}
}

// dress writes the style with the colours of the series.
func (d *drawing) dress() {
	var light, dark strings.Builder
	for i := range d.series {
		fmt.Fprintf(&light, ".s%d{stroke:%s}.m%d{fill:%s}\n", i, colours[i].light, i, colours[i].light)
		fmt.Fprintf(&dark, ".s%d{stroke:%s}.m%d{fill:%s}\n", i, colours[i].dark, i, colours[i].dark)
	}
	fmt.Fprintf(d.w, style, light.String(), dark.String())
}

// at returns where a point lies in the picture.
func (d *drawing) at(p Point) (x, y float64) {
	return frameLeft + d.x.place(p.X)*(frameRight-frameLeft), float64(d.top) + (1-d.y.place(p.Y))*frameHeight
}

func (d *drawing) axes() {
	bottom := d.top + frameHeight
	class := func(t tick) string {
		if t.label == "" {
			return "fine"
		}
		return "grid"
	}
	for _, t := range d.x.ticks {
		x := frameLeft + d.x.place(t.at)*(frameRight-frameLeft)
		fmt.Fprintf(d.w, `<path class="%s" d="M%s %dV%d"/>`+"\n", class(t), coordinate(x), d.top, bottom)
		if t.label != "" {
			fmt.Fprintf(d.w, `<text x="%s" y="%d" text-anchor="middle">%s</text>`+"\n", coordinate(x), bottom+18, escaped(t.label))
		}
	}
	for _, t := range d.y.ticks {
		y := float64(d.top) + (1-d.y.place(t.at))*frameHeight
		fmt.Fprintf(d.w, `<path class="%s" d="M%d %sH%d"/>`+"\n", class(t), frameLeft, coordinate(y), frameRight)
		if t.label != "" {
			fmt.Fprintf(d.w, `<text x="%d" y="%s" text-anchor="end">%s</text>`+"\n", frameLeft-8, coordinate(y+4), escaped(t.label))
		}
	}
	fmt.Fprintf(d.w, `<rect class="frame" x="%d" y="%d" width="%d" height="%d"/>`+"\n", frameLeft, d.top, frameRight-frameLeft, frameHeight)
	fmt.Fprintf(d.w, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (frameLeft+frameRight)/2, bottom+40, escaped(d.X.Label))
	fmt.Fprintf(d.w, `<text transform="translate(20 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", d.top+frameHeight/2, escaped(d.Y.Label))
}

func (d *drawing) line(i int) {
	s := &d.series[i]
	if len(s.Points) == 0 {
		return
	}
	var path strings.Builder
	for j, p := range s.Points {
		x, y := d.at(p)
		path.WriteByte("ML"[min(j, 1)])
		path.WriteString(coordinate(x) + " " + coordinate(y))
	}
	fmt.Fprintf(d.w, `<path class="line s%d"%s d="%s"/>`+"\n", i, dash(i, s.Plain), path.String())
	if s.Plain {
		return
	}
	for _, p := range s.Points {
		x, y := d.at(p)
		d.mark(i, x, y)
	}
}

// dash is the pattern of a line without marks (I3).
func dash(i int, plain bool) string {
	patterns := [...]string{"", "8 3", "2 3", "8 3 2 3", "14 3", "5 5", "1 2", "10 3 2 3 2 3"}
	if !plain || patterns[i] == "" {
		return ""
	}
	return ` stroke-dasharray="` + patterns[i] + `"`
}

// mark draws the mark of a series around a place: each has a form of its own (I3).
func (d *drawing) mark(i int, x, y float64) {
	forms := [SeriesMax]string{
		"m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", "m-4 -4h8v8h-8z", "m0 -5l5 9h-10z", "m0 -5l5 5l-5 5l-5 -5z",
		"m0 5l5 -9h-10z", "m-5 -2h3v-3h4v3h3v4h-3v3h-4v-3h-3z", "m-5 -2h10v4h-10z", "m-2 -5h4v10h-4z",
	}
	fmt.Fprintf(d.w, `<path class="m%d" d="M%s %s%s"/>`+"\n", i, coordinate(x), coordinate(y), forms[i])
}

// legend lays the names out in rows: the indices of the series in each.
func (d *drawing) legend() (rows [][]int) {
	if len(d.series) == 1 && d.series[0].Name == "" {
		return nil
	}
	room := 0.0
	for i, s := range d.series {
		need := legendWidth(s.Name)
		if len(rows) == 0 || need > room {
			rows = append(rows, nil)
			room = frameRight - frameLeft
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], i)
		room -= need
	}
	return rows
}

func legendWidth(name string) float64 {
	return legendMark + legendGap + charWidth*float64(utf8.RuneCountInString(name))
}

func (d *drawing) key(rows [][]int) {
	for r, row := range rows {
		x, y := float64(frameLeft), float64(d.top+frameHeight+belowFrame+legendRow*r)
		for _, i := range row {
			s := &d.series[i]
			fmt.Fprintf(d.w, `<path class="line s%d"%s d="M%s %sh24"/>`+"\n", i, dash(i, s.Plain), coordinate(x), coordinate(y))
			if !s.Plain {
				d.mark(i, x+12, y)
			}
			fmt.Fprintf(d.w, `<text x="%s" y="%s">%s</text>`+"\n", coordinate(x+legendMark), coordinate(y+4), escaped(s.Name))
			x += legendWidth(s.Name)
		}
	}
}

// coordinate writes a length to a tenth.
func coordinate(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// wrapped lays notes out in lines, between words where a note alone is too long. At least one line comes out, if an empty
// one. A word that is longer than a line is cut.
func wrapped(notes []string) []string {
	lines := []string{""}
	for i, note := range notes {
		for j, word := range strings.Fields(note) {
			gap := " "
			if i > 0 && j == 0 {
				gap = " · "
			}
			line := &lines[len(lines)-1]
			switch {
			case *line == "":
				*line = shortened(word)
			case utf8.RuneCountInString(*line+gap+word) <= subtitleMax:
				*line += gap + word
			default:
				lines = append(lines, shortened(word))
			}
		}
	}
	return lines
}

// shortened cuts what is too long for a line.
func shortened(s string) string {
	if utf8.RuneCountInString(s) <= subtitleMax {
		return s
	}
	return string([]rune(s)[:subtitleMax-1]) + "…"
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a Builder does not fail
	return b.String()
}
