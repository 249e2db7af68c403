package io.llm2clip.kernels.gpu.dialect;

/** The single-precision functions that every device offers. There is no erf and no expm1; kernels bring their own. */
public final class KMath {

    private KMath() {}

    public static float exp(float x) {
        return (float) Math.exp(x);
    }

    /** Natural logarithm. */
    public static float log(float x) {
        return (float) Math.log(x);
    }

    public static float sqrt(float x) {
        return (float) Math.sqrt(x);
    }

    public static float tanh(float x) {
        return (float) Math.tanh(x);
    }

    public static float sin(float x) {
        return (float) Math.sin(x);
    }

    public static float cos(float x) {
        return (float) Math.cos(x);
    }

    public static float abs(float x) {
        return Math.abs(x);
    }

    public static float max(float a, float b) {
        return Math.max(a, b);
    }

    public static float min(float a, float b) {
        return Math.min(a, b);
    }

    public static int max(int a, int b) {
        return Math.max(a, b);
    }

    public static int min(int a, int b) {
        return Math.min(a, b);
    }
}
