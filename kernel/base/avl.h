/*
 * Balanced binary trees (AVL: Adelson-Velsky and Landis 1962) with the node inside the object.
 *
 *	avl_insert()	between two neighbours in order
 *	avl_remove()
 *	avl_propagate()	after what a node's object contributes to its subtree has changed
 *
 * The tree compares nothing: its owner searches from root->top by left and right, and says between
 * which neighbours a new node belongs (a list through the same objects knows them). `update`
 * recomputes what the owner keeps for the subtree of a node (the largest of something, say) from
 * the node's own object and its two children.
 *
 * The heights of two siblings differ by at most one, so n nodes are less than 1.45 log2(n) deep. The
 * caller brings the lock.
 */
#ifndef KERNEL_BASE_AVL_H
#define KERNEL_BASE_AVL_H

#include "kernel/base/types.h"

struct avl_node {
	struct avl_node *left, *right, *parent;
	unsigned int height; /* 1: no children */
};

struct avl_root {
	struct avl_node *top;
};

typedef void (*avl_update_fn)(struct avl_node *node);

/*
 * `prev` and `next`: the node's neighbours to be, of which the tree has none between; NULL: none.
 *
 * Both calls go up from the place that changes, and so pass by the next neighbour: what its object
 * contributes may have been changed just before, without avl_propagate().
 */
void avl_insert(struct avl_root *root, struct avl_node *node, struct avl_node *prev,
		struct avl_node *next, avl_update_fn update);
void avl_remove(struct avl_root *root, struct avl_node *node, avl_update_fn update);

/* Calls update for the node and all above it. */
void avl_propagate(struct avl_node *node, avl_update_fn update);

#endif
