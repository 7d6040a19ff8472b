package ostree

func pop(stack *[]*node) *node { return popMany(stack, 1)[0] }

// popMany takes the top of a stack, at most n. What it gives is not
// overwritten by later pushes.
func popMany(stack *[]*node, n int) []*node {
	at := len(*stack) - min(n, len(*stack))
	top := append([]*node(nil), (*stack)[at:]...)
	clear((*stack)[at:])
	*stack = (*stack)[:at]
	return top
}

// queue is a queue of nodes.
type queue struct {
	list []*node
	head int
}

func (q *queue) len() int { return len(q.list) - q.head }

func (q *queue) push(n *node) { q.list = append(q.list, n) }

func (q *queue) pop() *node {
	n := q.list[q.head]
	q.list[q.head] = nil
	if q.head++; q.head > 1024 && q.head > len(q.list)/2 {
		q.list = append(q.list[:0], q.list[q.head:]...)
		q.head = 0
	}
	return n
}
