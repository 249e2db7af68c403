package com.example;

import io.llm2clip.tensor.Shape;
import io.llm2clip.testkit.OperationCheck;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Checks lint the device kernel first. One that fails says for which seed; jqwik finds the smallest sizes for which one does. */
class DiscountedSumTest {

    @Property(tries = 100)
    void allImplementationsAgree(
            @ForAll @IntRange(max = 9) int rows,
            @ForAll @IntRange(max = 9) int columns,
            @ForAll boolean backward,
            @ForAll long seed) {
        OperationCheck.of(new DiscountedSum(rows, columns, 0.9f, backward)).check(seed);
    }

    @Property(tries = 20)
    void gradientIsThatOfTheFunction(@ForAll boolean backward, @ForAll long seed) {
        List<Shape> matrix = List.of(Shape.of(3, 5));
        OperationCheck.of(new DiscountedSum(3, 5, 0.9f, backward)).checkGradient(seed, matrix, matrix);
    }
}
