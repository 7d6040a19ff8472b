package conformance_test

import "testing"

// TestVerifiersAgreeOnRepositories are attacks and accidents that take more
// than one field. Each verdict is the one wanted of all three verifiers.
func TestVerifiersAgreeOnRepositories(t *testing.T) {
	for _, tt := range []struct {
		name string
		want verdict
		make func(r *repo)
	}{
		{"an honest one", takes, func(r *repo) { r.everything() }},
		{"nothing new", keeps, func(*repo) {}},
		{"a chain of twenty roots", takes, func(r *repo) {
			for range 20 {
				before, k := r.keys[root][0], r.newKey(ed)
				r.setKeys(root, 1, []*key{k}, []*key{k, before})
				r.publish(root)
			}
			r.publish(targets, snapshot, timestamp)
		}},
		{"a gap in the chain of roots that hides other keys", refuses, func(r *repo) {
			r.rotate(timestamp)
			r.everything()
			r.replace(root, nil)
		}},
		{"a root of a version that was there", refuses, func(r *repo) {
			r.everything()
			r.files[root] = append(r.files[root], r.files[root][1])
		}},
		{"a root that the old key did not sign", refuses, func(r *repo) {
			r.rotate(root)
			r.everything()
		}},
		{"a root that the new key did not sign", refuses, func(r *repo) {
			old := r.keys[root]
			r.rotate(root)
			r.keys[root] = old
			r.everything()
		}},
		{"one key under two ids meets no threshold of two", refuses, func(r *repo) {
			first := r.keys[snapshot][0]
			second := *first
			second.public = with(first.public, "x-other", "id")
			second.id = sha([]byte("another id"))
			r.setKeys(snapshot, 2, []*key{first, &second}, []*key{first, &second})
			r.everything()
		}},
		{"two keys meet a threshold of two", takes, func(r *repo) {
			pair := []*key{r.newKey(ed), r.newKey(rs)}
			r.setKeys(targets, 2, pair, pair)
			r.everything()
		}},
		{"one key is below a threshold of two", refuses, func(r *repo) {
			pair := []*key{r.newKey(ed), r.newKey(ed)}
			r.setKeys(targets, 2, pair, pair[:1])
			r.everything()
		}},
		{"targets signed by a key that was replaced", refuses, func(r *repo) {
			old := r.keys[targets]
			r.rotate(targets)
			r.keys[targets] = old
			r.everything()
		}},
		{"an older timestamp", refuses, func(r *repo) {
			r.set(timestamp, 0)
			r.publish(timestamp)
		}},
		{"an older snapshot under a newer timestamp", refuses, func(r *repo) {
			r.again(snapshot, 1)
			r.publish(snapshot, timestamp)
		}},
		{"older targets under a newer snapshot", refuses, func(r *repo) {
			r.again(targets, 1)
			r.publish(targets, snapshot, timestamp)
		}},
		{"a role gone from the snapshot", refuses, func(r *repo) {
			r.docs[snapshot]["meta"] = doc{"other.json": doc{"version": 1}}
			r.publish(snapshot, timestamp)
		}},
		{"targets of another repository", refuses, func(r *repo) {
			r.everything()
			r.replace(targets, newRepo(r.t, r.lang).last(targets))
		}},
		{"an expired timestamp", refuses, func(r *repo) {
			r.docs[timestamp]["expires"] = stamp(days(-1))
			r.everything()
		}},
		{"an expired root", refuses, func(r *repo) {
			r.docs[root]["expires"] = stamp(days(-1))
			r.everything()
		}},
		{"an expired root and a newer one", takes, func(r *repo) {
			r.docs[root]["expires"] = stamp(days(-1))
			r.publish(root)
			r.docs[root]["expires"] = stamp(days(30))
			r.everything()
		}},
		{"no timestamp", refuses, func(r *repo) { r.forget(timestamp) }},
		{"no snapshot", refuses, func(r *repo) {
			r.everything()
			r.forget(snapshot)
		}},
		{"no targets", refuses, func(r *repo) {
			r.everything()
			r.forget(targets)
		}},
		{"versions that start over with other keys", takes, func(r *repo) {
			r.rotate(timestamp)
			r.rotate(snapshot)
			r.again(timestamp, 1)
			r.again(snapshot, 1)
			r.everything()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, l := range []lang{ota, standard} {
				d := newDevice(t, l)
				tt.make(d.r)
				if got, err := d.judge(); got != tt.want {
					t.Errorf("%s: our verifier %s it, wanted is that it %s: %v", l, got, tt.want, err)
				}
				if !l.spec() {
					continue
				}
				if got, err := d.reference(); got != tt.want {
					t.Errorf("the updater %s it, wanted is that it %s: %v", got, tt.want, err)
				}
			}
		})
	}
}
