/**
 * What every kernel must compute, written so that it can be checked by reading: plain loops, one element at a time, sums in
 * double precision, values rounded to their stored type where they are stored.
 */
@NullMarked
package io.llm2clip.kernels.reference;

import org.jspecify.annotations.NullMarked;
