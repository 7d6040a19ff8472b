package ostree

import "context"

// answers are what dst said about the whole closure before anything moved. It
// holds what dst has: of a first copy next to nothing, however large it is.
type answers map[ObjectID]struct{}

// survey asks dst about all that may have to move, in a few full questions, if
// a question is one request whatever it holds. Directory by directory, as
// else, each level of the tree would cost a wait of its own.
func (s *scheduler) survey(ctx context.Context) error {
	if !s.traits.Bulk || !s.nearSrc || s.nearDst || s.partial() {
		return nil
	}
	found := answers{}
	question := make([]ObjectID, 0, s.batch())
	ask := func() error {
		have, err := s.has(ctx, s.dst, question)
		if err != nil {
			return err
		}
		for i, id := range question {
			if have[i] {
				found[id] = struct{}{}
			}
		}
		s.asked += len(question)
		question = question[:0]
		return nil
	}
	w := &walker{src: s.src, seen: map[ObjectID]struct{}{}, fn: func(id ObjectID) error {
		if _, met := s.known[id]; met {
			return nil
		}
		if question = append(question, id); len(question) < s.batch() {
			return nil
		}
		return ask()
	}}
	for _, c := range s.commits {
		if err := w.commit(ctx, c); err != nil {
			return err
		}
	}
	if len(question) > 0 {
		if err := ask(); err != nil {
			return err
		}
	}
	s.surveyed = found
	return nil
}

// partial says whether the copy may meet objects that are not in the closure
// of its commits, or not want all of them.
func (s *scheduler) partial() bool {
	return s.opt.Depth != 0 || s.opt.CommitOnly || s.filter != nil || len(s.opt.Caches) > 0
}

// recall answers from the survey.
func (a answers) recall(ids []ObjectID) []bool {
	have := make([]bool, len(ids))
	for i, id := range ids {
		_, have[i] = a[id]
	}
	return have
}
