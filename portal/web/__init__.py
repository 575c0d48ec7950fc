"""The edge that packages share: auth, errors, forms, pdf, formats, navigation, i18n."""
