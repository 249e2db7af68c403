package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.RowPanels;
import java.util.List;

/**
 * How many numbers of bf16 stand for an element of each factor: it, rounded, then what rounding left, rounded, and so on.
 *
 * @param ofA of the first factor
 * @param ofB of the second one, which has no more
 */
record Parts(int ofA, int ofB) {
    /** Those that are multiplied, in an order in which one of both stays what it was. */
    private static final List<Product> PRODUCTS = List.of(
            new Product(1, 1),
            new Product(0, 1),
            new Product(0, 2),
            new Product(0, 0),
            new Product(1, 0),
            new Product(2, 0));

    /** A part of A by one of B, the first being 0. */
    record Product(int ofA, int ofB) {}

    /** Where B is stored in a format: no more than hold all bits of that. */
    static Parts of(RowPanels.Format elements, DType format) {
        int all = switch (format) {
            case BF16 -> 1;
            case F16 -> 2;
            default -> 3;
        };
        return new Parts(elements.parts(), Math.min(elements.parts(), all));
    }

    /** The products that are summed; the others are below the last bit of what A has. */
    List<Product> products() {
        return PRODUCTS.stream()
                .filter(product -> product.ofB < ofB && product.ofA + product.ofB < ofA)
                .toList();
    }
}
