// Package plot draws measurements as SVG: lines over an axis, with a legend, readable on a light and on a
// dark page.
//
//	                       scale (linear, log, nines)
//	Series of Points ─▶ Axis ─▶ ticks, positions ─▶ Chart.WriteSVG ─▶ one file of some KB, text as text
//
// Three scales are enough for what is measured here:
//
//	Linear  from a round number to a round number
//	Log     1, 10, 100: what spans more than a decade
//	Nines   0 %, 90 %, 99 %, 99.9 %: percentiles, each nine as wide as the one before
//
// What holds:
//
//	I1  The same chart gives the same bytes: a file in the repository changes only with its figures.
//	I2  Every point that is drawn lies inside the frame. What a scale cannot show, zero on a logarithmic
//	    axis or what is not a number, is left out and counted in the picture.
//	I3  A series differs from the others by colour and by the form of its marks, so that neither a printer
//	    nor a colour-blind reader loses it.
package plot
