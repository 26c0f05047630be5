// Package prefetch asks the processor for memory that is needed soon, and waits for none of it: what comes next is done
// meanwhile, where a load would hold it up. Go has no such instruction, and a call for a single line costs as much as it
// saves, so lines are asked for by the dozen.
package prefetch

// Max is how many rows one call may ask for: as many as a processor keeps on their way, and no more than stay in its
// nearest cache until they are used.
const Max = 64
