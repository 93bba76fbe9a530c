/* Balanced binary trees: see avl.h. */
#include "kernel/base/avl.h"

#include "kernel/base/panic.h"

static unsigned int height(const struct avl_node *node)
{
	return node ? node->height : 0;
}

/* What follows from the children. */
static void refresh(struct avl_node *node, avl_update_fn update)
{
	node->height = 1 + MAX(height(node->left), height(node->right));
	update(node);
}

/* The pointer that leads to `node`. */
static struct avl_node **link_to(struct avl_root *root, struct avl_node *node)
{
	struct avl_node *parent = node->parent;

	if (!parent)
		return &root->top;
	return parent->left == node ? &parent->left : &parent->right;
}

static void set_left(struct avl_node *node, struct avl_node *child)
{
	node->left = child;
	if (child)
		child->parent = node;
}

static void set_right(struct avl_node *node, struct avl_node *child)
{
	node->right = child;
	if (child)
		child->parent = node;
}

/* The left child takes the node's place, the node becomes its right child. Returns the former. */
static struct avl_node *rotate_right(struct avl_root *root, struct avl_node *node,
				     avl_update_fn update)
{
	struct avl_node *up = node->left;

	*link_to(root, node) = up;
	up->parent = node->parent;
	set_left(node, up->right);
	set_right(up, node);
	refresh(node, update);
	refresh(up, update);
	return up;
}

static struct avl_node *rotate_left(struct avl_root *root, struct avl_node *node,
				    avl_update_fn update)
{
	struct avl_node *up = node->right;

	*link_to(root, node) = up;
	up->parent = node->parent;
	set_right(node, up->left);
	set_left(up, node);
	refresh(node, update);
	refresh(up, update);
	return up;
}

/* From `node` up to the top: heights, balance, and what the owner keeps. */
static void rebalance(struct avl_root *root, struct avl_node *node, avl_update_fn update)
{
	for (; node; node = node->parent) {
		unsigned int left = height(node->left), right = height(node->right);

		/* -1, 0 or 1 */
		if (likely(left - right + 1 <= 2)) {
			node->height = 1 + MAX(left, right);
			update(node);
		} else if (left > right) {
			if (height(node->left->right) > height(node->left->left))
				rotate_left(root, node->left, update);
			node = rotate_right(root, node, update);
		} else {
			if (height(node->right->left) > height(node->right->right))
				rotate_right(root, node->right, update);
			node = rotate_left(root, node, update);
		}
	}
}

void avl_insert(struct avl_root *root, struct avl_node *node, struct avl_node *prev,
		struct avl_node *next, avl_update_fn update)
{
	node->left = node->right = NULL;
	/*
	 * Of two neighbours in order one is below the other, so one of them has the place free; and
	 * either place is below `next`.
	 */
	if (prev && !prev->right) {
		set_right(prev, node);
	} else if (next) {
		ASSERT(!next->left);
		set_left(next, node);
	} else {
		ASSERT(!prev && !root->top);
		node->parent = NULL;
		root->top = node;
	}
	rebalance(root, node, update);
}

static struct avl_node *leftmost(struct avl_node *node)
{
	while (node->left)
		node = node->left;
	return node;
}

/* A node with two children changes places with the next in order, which has no left child. */
static struct avl_node *replace_by_next(struct avl_root *root, struct avl_node *node)
{
	struct avl_node *next = leftmost(node->right);
	struct avl_node *lowest = next->parent == node ? next : next->parent;

	if (lowest != next) {
		set_left(next->parent, next->right);
		set_right(next, node->right);
	}
	set_left(next, node->left);
	*link_to(root, node) = next;
	next->parent = node->parent;
	return lowest;
}

void avl_remove(struct avl_root *root, struct avl_node *node, avl_update_fn update)
{
	struct avl_node *lowest;

	if (node->left && node->right) {
		lowest = replace_by_next(root, node);
	} else {
		struct avl_node *child = node->left ? node->left : node->right;

		*link_to(root, node) = child;
		if (child)
			child->parent = node->parent;
		/* A single child has none itself. It may be the next in order. */
		lowest = child ? child : node->parent;
	}
	rebalance(root, lowest, update);
}

void avl_propagate(struct avl_node *node, avl_update_fn update)
{
	for (; node; node = node->parent)
		update(node);
}
