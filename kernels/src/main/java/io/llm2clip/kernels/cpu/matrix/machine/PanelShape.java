package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.RowPanels;
import org.jspecify.annotations.Nullable;

/**
 * What a program that multiplies panels is made for.
 *
 * @param rows of each panel of A
 * @param vectors columns of C that exist, in vectors of 16
 * @param fetched lines of the next panel of B to be fetched with each step of a panel of A
 * @param fetchedOfA lines of the next part of k of a panel of A to be fetched with each of its steps, where sums are stored as they are
 * @param finish what becomes of the sums, which are complete, without literals; null if they are stored as they are
 * @param packedExtras whether operands of the epilogue that have the shape of the output are in panels as it is
 * @param packed numbers that stand for an element of the output where that goes into panels, see {@link RowPanels}; 0 if it goes to rows
 */
record PanelShape(
        int rows,
        int vectors,
        int fetched,
        int fetchedOfA,
        @Nullable Epilogue finish,
        boolean packedExtras,
        int packed) {}
