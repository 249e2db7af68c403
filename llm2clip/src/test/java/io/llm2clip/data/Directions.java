package io.llm2clip.data;

/** Unit vectors of two dimensions by their angles, of which cosines can be seen. */
public final class Directions {
    private Directions() {}

    /** {@code [angles, 2]}, of angles in degrees. */
    public static FloatMatrix of(double... degrees) {
        float[][] vectors = new float[degrees.length][];
        for (int i = 0; i < degrees.length; i++) {
            double angle = Math.toRadians(degrees[i]);
            vectors[i] = new float[] {(float) Math.cos(angle), (float) Math.sin(angle)};
        }
        return FloatMatrix.of(vectors);
    }
}
