package io.llm2clip.dataset;

/** Tells where the records of a file end, byte by byte; UTF-8 has the bytes of ASCII nowhere else. */
interface RecordEnds {
    /** Whether the record ends with this byte, the next one after those before. */
    boolean after(byte value);

    /** Whether a file cannot end here. */
    default boolean unfinished() {
        return false;
    }

    /** Each line is one. */
    final class Lines implements RecordEnds {
        @Override
        public boolean after(byte value) {
            return value == '\n';
        }
    }

    /** Lines, but for line feeds in fields that begin with a quote (RFC 4180). */
    final class Quoted implements RecordEnds {
        private final byte delimiter;
        private boolean fieldBegins = true;
        private boolean quoted;
        /** Within quotes, a second one stands for itself. */
        private boolean quoteBefore;

        @Override
        public boolean unfinished() {
            return quoted && !quoteBefore;
        }

        Quoted(char delimiter) {
            this.delimiter = (byte) delimiter;
        }

        @Override
        public boolean after(byte value) {
            if (quoted && !quoteBefore) {
                quoteBefore = value == '"';
                return false;
            }
            if (quoteBefore && value == '"') {
                quoteBefore = false;
                return false;
            }
            quoteBefore = false;
            quoted = fieldBegins && value == '"';
            fieldBegins = value == delimiter || value == '\n';
            return value == '\n';
        }
    }
}
