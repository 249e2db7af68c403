package io.llm2clip.training.run;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The framing of TensorFlow's record files: length, checksum of the length, content, checksum of the content. */
final class TfRecord {
    private static final int MASK_DELTA = 0xa282ead8;

    private TfRecord() {}

    static byte[] of(byte[] content) {
        byte[] length = little(Long.BYTES).putLong(content.length).array();
        return little(Long.BYTES + Integer.BYTES + content.length + Integer.BYTES)
                .put(length)
                .putInt(maskedChecksum(length))
                .put(content)
                .putInt(maskedChecksum(content))
                .array();
    }

    /** Masked because a checksum of what contains its own checksum is none. */
    private static int maskedChecksum(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes);
        return Integer.rotateRight((int) checksum.getValue(), 15) + MASK_DELTA;
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
