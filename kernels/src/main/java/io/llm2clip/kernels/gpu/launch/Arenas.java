package io.llm2clip.kernels.gpu.launch;

/** The limits of addressing arenas by int. */
final class Arenas {

    private Arenas() {}

    /** A count that kernels hold in an int. */
    static int index(String what, long count) {
        if (count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(what + " number " + count + ", expected at most " + Integer.MAX_VALUE
                    + " on a device; split the operation.");
        }
        return (int) count;
    }
}
