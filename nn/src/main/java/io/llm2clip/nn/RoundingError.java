package io.llm2clip.nn;

/**
 * What rounding changed in a tensor, as sums over its elements, which add up over its parts.
 *
 * @param elements that were rounded
 * @param exact sum of squares before
 * @param rounded sum of squares after
 * @param product sum of products of before and after
 * @param difference sum of squares of the differences
 */
public record RoundingError(long elements, double exact, double rounded, double product, double difference) {
    /** Of nothing. */
    public static final RoundingError NONE = new RoundingError(0, 0, 0, 0, 0);

    /** Of a tensor or a part of it. */
    public static RoundingError of(float[] before, float[] after) {
        double exact = 0;
        double rounded = 0;
        double product = 0;
        double difference = 0;
        for (int i = 0; i < before.length; i++) {
            double a = before[i];
            double b = after[i];
            exact += a * a;
            rounded += b * b;
            product += a * b;
            difference += (a - b) * (a - b);
        }
        return new RoundingError(before.length, exact, rounded, product, difference);
    }

    /** Of both parts together. */
    public RoundingError plus(RoundingError other) {
        return new RoundingError(
                elements + other.elements,
                exact + other.exact,
                rounded + other.rounded,
                product + other.product,
                difference + other.difference);
    }

    /** The length of the difference in lengths of the tensor: 0 if nothing changed. */
    public double relative() {
        return difference == 0 ? 0 : Math.sqrt(difference / exact);
    }

    /** Cosine of the angle between before and after, 1 if neither is anything but 0. */
    public double cosine() {
        return exact == 0 && rounded == 0 ? 1 : product / Math.sqrt(exact * rounded);
    }
}
