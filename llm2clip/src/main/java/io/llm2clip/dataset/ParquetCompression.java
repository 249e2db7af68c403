package io.llm2clip.dataset;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.RowGroup;
import org.jspecify.annotations.Nullable;

/** What the pages of Parquet files are compressed with, and whether they can be read here. */
final class ParquetCompression {
    private static final String REMEDY = "write the file with snappy, zstd, gzip or none";

    /** What pages are decompressed by: a class of it, and its name in a registry. */
    private record Library(String type, String name) {}

    private static final Map<CompressionCodec, Library> LIBRARIES = Map.of(
            CompressionCodec.SNAPPY, new Library("org.xerial.snappy.Snappy", "org.xerial.snappy:snappy-java"),
            CompressionCodec.ZSTD, new Library("com.github.luben.zstd.Zstd", "com.github.luben:zstd-jni"));

    private ParquetCompression() {}

    /** The columns that cannot be decompressed, and why, as the end of a sentence. */
    static Map<ParquetLeaf, String> unread(List<RowGroup> groups, List<ParquetLeaf> leaves) {
        Map<ParquetLeaf, String> unread = new LinkedHashMap<>();
        for (RowGroup group : groups) {
            for (ParquetLeaf leaf : leaves) {
                ColumnMetaData meta = requireNonNull(group.getColumns(), "no columns")
                        .get(leaf.column())
                        .getMeta_data();
                // Without it the column is encrypted or elsewhere, which is said when it is read.
                if (meta != null) {
                    absence(meta.getCodec(), ParquetCompression.class.getClassLoader())
                            .ifPresent(reason -> unread.putIfAbsent(leaf, reason));
                }
            }
        }
        return unread;
    }

    /** @param codec null for one that this version of the format does not have */
    static Optional<String> absence(@Nullable CompressionCodec codec, ClassLoader loader) {
        if (codec == CompressionCodec.UNCOMPRESSED || codec == CompressionCodec.GZIP) {
            return Optional.empty();
        }
        Library library = codec == null ? null : LIBRARIES.get(codec);
        if (library == null) {
            return Optional.of("compressed with %s, which is not read; %s"
                    .formatted(codec == null ? "something unknown" : codec, REMEDY));
        }
        return isThere(library, loader)
                ? Optional.empty()
                : Optional.of("compressed with %s, for which %s is not on the class path; add it, or %s"
                        .formatted(codec, library.name, REMEDY));
    }

    private static boolean isThere(Library library, ClassLoader loader) {
        try {
            Class.forName(library.type, false, loader);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
