package io.llm2clip.image;

/** Pillow's resampling kernels. */
public enum ResizeFilter {
    /** The nearest source pixel, no antialiasing. */
    NEAREST(0) {
        @Override
        double weight(double x) {
            throw new UnsupportedOperationException("The nearest filter has no weights.");
        }
    },
    BILINEAR(1) {
        @Override
        double weight(double x) {
            double distance = Math.abs(x);
            return distance < 1 ? 1 - distance : 0;
        }
    },
    /** Keys' cubic with a = -0.5; PyTorch's own bicubic has -0.75 and is another filter. */
    BICUBIC(2) {
        private static final double A = -0.5;

        @Override
        double weight(double x) {
            double distance = Math.abs(x);
            if (distance < 1) {
                return ((A + 2) * distance - (A + 3)) * distance * distance + 1;
            }
            return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * A : 0;
        }
    },
    LANCZOS(3) {
        @Override
        double weight(double x) {
            return -3 <= x && x < 3 ? sinc(x) * sinc(x / 3) : 0;
        }

        private static double sinc(double x) {
            double angle = x * Math.PI;
            return x == 0 ? 1 : Math.sin(angle) / angle;
        }
    };

    private final int support;

    ResizeFilter(int support) {
        this.support = support;
    }

    /** Half the kernel's width in source pixels at scale 1. */
    final int support() {
        return support;
    }

    /** The kernel at {@code x} source pixels from its centre; operations in Pillow's order, so with its rounding. */
    abstract double weight(double x);
}
