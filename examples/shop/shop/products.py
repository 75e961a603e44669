"""The API: products. Everybody sees them, each seller changes their own."""

from __future__ import annotations

import marshmallow as ma
from flask.views import MethodView
from flask_jwt_extended import current_user, jwt_required
from flask_smorest import Blueprint, abort
from sqlalchemy.exc import IntegrityError

from .extensions import db
from .models import Product

blp = Blueprint("products", __name__, url_prefix="/api/products", description="What is for sale")

#: What fits an integer column.
COUNT = ma.validate.Range(0, 2**31 - 1)


class ProductSchema(ma.Schema):
    id = ma.fields.Integer(dump_only=True)
    name = ma.fields.String(required=True, validate=ma.validate.Length(1, 100))
    price = ma.fields.Integer(required=True, strict=True, validate=COUNT)
    stock = ma.fields.Integer(required=True, strict=True, validate=COUNT)
    seller_id = ma.fields.Integer(dump_only=True)


@blp.route("")
class Products(MethodView):
    @blp.response(200, ProductSchema(many=True))
    @blp.paginate()
    def get(self, pagination_parameters):
        """List the products."""
        pagination_parameters.item_count = db.session.scalar(
            db.select(db.func.count()).select_from(Product)
        )
        return db.session.scalars(
            db.select(Product)
            .order_by(Product.id)
            .offset(min(pagination_parameters.first_item, pagination_parameters.item_count))
            .limit(pagination_parameters.page_size)
        )

    @jwt_required()
    @blp.arguments(ProductSchema)
    @blp.response(201, ProductSchema)
    def post(self, values):
        """Offer a product."""
        product = Product(**values, seller_id=current_user.id)
        db.session.add(product)
        db.session.commit()
        return product


@blp.route("/<int(max=2147483647):number>")
class OneProduct(MethodView):
    @blp.response(200, ProductSchema)
    def get(self, number):
        """Get a product."""
        return db.get_or_404(Product, number)

    @jwt_required()
    @blp.arguments(ProductSchema)
    @blp.response(200, ProductSchema)
    def put(self, values, number):
        """Change a product of one's own."""
        product = own_product(number)
        for name, value in values.items():
            setattr(product, name, value)
        db.session.commit()
        return product

    @jwt_required()
    @blp.response(204)
    @blp.alt_response(409, description="It has been ordered")
    def delete(self, number):
        """Withdraw a product of one's own that nobody has ordered."""
        db.session.delete(own_product(number))
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            abort(409, message="It has been ordered, so it must remain known.")


def own_product(number):
    product = db.get_or_404(Product, number)
    if product.seller_id != current_user.id:
        abort(403, message="It is somebody else's.")
    return product
