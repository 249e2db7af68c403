package io.llm2clip.kernels.operations;

/** Where the elements of an operand are that is not stored in its own order. Equal layouts mean equal bytes for equal elements. */
public sealed interface PackedLayout permits Packing, RowPanels {

    /** The name of the layout, one for all matrix units that read it. */
    String unit();

    /** Size of the packed operand. */
    long bytes();
}
