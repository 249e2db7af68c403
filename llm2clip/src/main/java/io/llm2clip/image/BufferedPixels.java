package io.llm2clip.image;

import java.awt.Rectangle;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.IOException;

/** Decoded samples as RGB, without color management: the reference takes samples as they are stored. */
record BufferedPixels(BufferedImage image) implements StoredPixels {
    @Override
    public int width() {
        return image.getWidth();
    }

    @Override
    public int height() {
        return image.getHeight();
    }

    @Override
    public void read(Rectangle region, RowSink sink) throws IOException {
        byte[] rgb = new byte[Math.multiplyExact(3, region.width)];
        RowReader reader = reader(region);
        for (int y = region.y; y < region.y + region.height; y++) {
            reader.read(y, rgb);
            sink.accept(y, rgb);
        }
    }

    private interface RowReader {
        void read(int y, byte[] rgb);
    }

    private RowReader reader(Rectangle region) throws IOException {
        int family = image.getColorModel().getColorSpace().getType();
        requireSupported(family);
        if (!hasPlainSamples()) {
            int[] colors = new int[region.width];
            return (y, rgb) -> {
                image.getRGB(region.x, y, region.width, 1, colors, 0, region.width);
                for (int x = 0, to = 0; x < region.width; x++) {
                    rgb[to++] = (byte) (colors[x] >> 16);
                    rgb[to++] = (byte) (colors[x] >> 8);
                    rgb[to++] = (byte) colors[x];
                }
            };
        }
        Raster raster = image.getRaster();
        int[] samples = new int[raster.getNumBands() * region.width];
        return (y, rgb) -> {
            raster.getPixels(raster.getMinX() + region.x, raster.getMinY() + y, region.width, 1, samples);
            if (family == ColorSpace.TYPE_CMYK) {
                fromInk(samples, raster.getNumBands(), rgb);
            } else {
                fromSamples(samples, raster, rgb);
            }
        };
    }

    private void requireSupported(int family) throws IOException {
        int type = image.getSampleModel().getDataType();
        if (image.getColorModel() instanceof ComponentColorModel
                && type != DataBuffer.TYPE_BYTE
                && type != DataBuffer.TYPE_USHORT) {
            throw new IOException("samples of more than 16 bits are not read; convert it to JPEG or PNG");
        }
        if (family == ColorSpace.TYPE_Lab) {
            throw new IOException("the color space CIELab is not read; convert it to JPEG or PNG");
        }
    }

    /**
     * Whether samples are gray, RGB or CMYK components. {@link BufferedImage#getRGB} would send gray ones through a gamma
     * curve and profiled ones through their profile, which changes values.
     */
    private boolean hasPlainSamples() {
        int family = image.getColorModel().getColorSpace().getType();
        int type = image.getSampleModel().getDataType();
        return image.getColorModel() instanceof ComponentColorModel
                && !image.isAlphaPremultiplied()
                && (family == ColorSpace.TYPE_GRAY
                        || family == ColorSpace.TYPE_RGB
                        || family == ColorSpace.TYPE_CMYK && type == DataBuffer.TYPE_BYTE)
                && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT);
    }

    private static void fromSamples(int[] samples, Raster raster, byte[] rgb) {
        int bands = raster.getNumBands();
        int bits = raster.getSampleModel().getSampleSize(0);
        for (int from = 0, to = 0; to < rgb.length; from += bands) {
            for (int channel = 0; channel < 3; channel++) {
                rgb[to++] = toByte(samples[from + (bands < 3 ? 0 : channel)], bits);
            }
        }
    }

    private static byte toByte(int sample, int bits) {
        return (byte) (bits >= 8 ? sample >> bits - 8 : sample * 255 / ((1 << bits) - 1));
    }

    /** Pillow's conversion: what black leaves, less the share of each ink. */
    private static void fromInk(int[] samples, int bands, byte[] rgb) {
        for (int from = 0, to = 0; to < rgb.length; from += bands) {
            int left = 255 - samples[from + 3];
            for (int ink = 0; ink < 3; ink++) {
                int product = samples[from + ink] * left + 128;
                rgb[to++] = (byte) (left - ((product >> 8) + product >> 8));
            }
        }
    }
}
