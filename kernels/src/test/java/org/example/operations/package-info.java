/** Operations of a project that is not ours: what a user may do without being a part of this one. */
package org.example.operations;
