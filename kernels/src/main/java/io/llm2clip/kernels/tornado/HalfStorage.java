package io.llm2clip.kernels.tornado;

/** How a back end has bf16 elements. */
enum HalfStorage {
    /** As a type that it converts from and to f32 by itself. */
    BFLOAT16("BFloat16Array"),
    /** As bits, which kernels convert. */
    BITS("ShortArray");

    private final String array;

    HalfStorage(String array) {
        this.array = array;
    }

    /** Only the CUDA back end knows bf16. */
    static HalfStorage of(String backend) {
        return backend.equals("cuda") ? BFLOAT16 : BITS;
    }

    /** TornadoVM's class for an array of them. */
    String array() {
        return array;
    }
}
