package org.example.operations;

import io.llm2clip.kernels.operations.CustomOp;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** All kinds of operations of a foreign project. */
public final class ForeignOperations {
    private ForeignOperations() {}

    /** With kernels for devices, of any sizes. */
    public static Arbitrary<CustomOp> all() {
        Arbitrary<Integer> elements = Arbitraries.integers().between(0, 300);
        Arbitrary<Float> betas = Arbitraries.floats().between(-2, 2);
        Arbitrary<Integer> few = Arbitraries.integers().between(1, 70);
        return Arbitraries.oneOf(
                Combinators.combine(elements, betas).as(Swish::new),
                Combinators.combine(elements, betas).as(LoadedSwish::new),
                Combinators.combine(Arbitraries.integers().between(0, 9), few, few)
                        .as(PickRows::new),
                elements.map(Follow::new),
                elements.map(Center::new),
                elements.map(FlipHalves::new));
    }
}
